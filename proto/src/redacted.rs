//! `Debug` for the messages whose bytes can hold a secret: everything but those bytes.

use crate::v1::{Difference, Distributable, EnrolRequest, ObjectCopy, OutsideWrite};
use std::fmt;

/// Bytes that are told by their number only.
struct Hidden<'a>(&'a [u8]);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

impl fmt::Debug for ObjectCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectCopy")
            .field("key", &self.key)
            .field("source_uid", &self.source_uid)
            .field("library", &self.library)
            .field("foreign_pause", &self.foreign_pause)
            .field("deleting", &self.deleting)
            .field("digest", &self.digest)
            .field("owners", &self.owners)
            .field("manifest", &Hidden(&self.manifest))
            .finish()
    }
}

impl fmt::Debug for OutsideWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideWrite")
            .field("key", &self.key)
            .field("author", &self.author)
            .field("seen_at_ms", &self.seen_at_ms)
            .field("deletion", &self.deletion)
            .field("paths", &self.paths)
            .field("patch", &Hidden(&self.patch))
            .finish()
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference")
            .field("key", &self.key)
            .field("kind", &self.kind())
            .field("stated_digest", &self.stated_digest)
            .field("found_digest", &self.found_digest)
            .field("found_manifest", &Hidden(&self.found_manifest))
            .finish()
    }
}

impl fmt::Debug for Distributable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distributable")
            .field("name", &self.name)
            .field("manifest", &Hidden(&self.manifest))
            .finish()
    }
}

impl fmt::Debug for EnrolRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolRequest")
            .field("token", &Hidden(self.token.as_bytes()))
            .field("cluster", &self.cluster)
            .field("lineage", &self.lineage)
            .field("signing_request", &Hidden(&self.signing_request))
            .finish()
    }
}
