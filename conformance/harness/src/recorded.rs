//! Real hand-overs that were recorded once and come with the harness: there is something to judge
//! without a cluster.

use crate::evidence::Evidence;
use crate::input::Input;
use std::time::Duration;

/// A recorded hand-over.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// Its name, such as `move-capd`.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    source: File,
    target: File,
    infrastructure: Option<File>,
    /// How far the clocks were from each other: both clusters ran on one machine.
    pub clock_error: Duration,
}

/// A file with the name that messages call it by.
type File = (&'static str, &'static [u8]);

const fn file(name: &'static str, bytes: &'static [u8]) -> File {
    (name, bytes)
}

/// The independence test with `clusterctl move` as the pivot, on real clusters.
pub const MOVE_CAPD: Recorded = Recorded {
    name: "move-capd",
    about: "clusterctl move between two real clusters (kind and CAPD) with all controllers at \
            work; afterwards the parent is deleted, the child scaled and one of its workers killed",
    source: file("move-capd/parent.jsonl", include_bytes!("../fixtures/move-capd/parent.jsonl")),
    target: file("move-capd/child.jsonl", include_bytes!("../fixtures/move-capd/child.jsonl")),
    infrastructure: Some(file(
        "move-capd/docker.jsonl",
        include_bytes!("../fixtures/move-capd/docker.jsonl"),
    )),
    clock_error: Duration::ZERO,
};

/// `clusterctl move` of 69 objects between two API servers without controllers.
pub const MOVE_CLUSTERCTL: Recorded = Recorded {
    name: "move-clusterctl",
    about: "clusterctl move of 69 objects between two API servers without controllers",
    source: file(
        "move-clusterctl/source.jsonl",
        include_bytes!("../fixtures/move-clusterctl/source.jsonl"),
    ),
    target: file(
        "move-clusterctl/target.jsonl",
        include_bytes!("../fixtures/move-clusterctl/target.jsonl"),
    ),
    infrastructure: None,
    clock_error: Duration::ZERO,
};

/// All of them.
pub const ALL: [Recorded; 2] = [MOVE_CAPD, MOVE_CLUSTERCTL];

impl Recorded {
    /// What there is to judge.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            source: vec![input(self.source)],
            target: vec![input(self.target)],
            infrastructure: self.infrastructure.into_iter().map(input).collect(),
            clock_error: self.clock_error,
        }
    }
}

fn input((name, bytes): File) -> Input {
    Input::Bytes { name: name.to_owned(), bytes: bytes.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::moves::recognise;
    use crate::history::objects::Objects;

    #[test]
    fn each_is_one_move() {
        for (recorded, objects) in [(MOVE_CAPD, 22), (MOVE_CLUSTERCTL, 69)] {
            let history = recorded.evidence().read().expect("a recorded log");
            let rebuilt = Objects::of(&history);
            let moves = recognise(&rebuilt);
            assert_eq!(moves.len(), 1, "{}", recorded.name);
            assert_eq!(moves[0].copies.len(), objects, "{}", recorded.name);
            assert_eq!(moves[0].removals.len(), objects, "{}", recorded.name);
            assert!(moves[0].source_pause.is_some() && moves[0].target_unpause.is_some());
        }
    }

    #[test]
    fn a_history_is_written_the_same_each_time() {
        let write = || {
            let history = MOVE_CAPD.evidence().read().expect("a recorded log");
            let mut bytes = Vec::new();
            history.write_jsonl(&mut bytes).expect("memory");
            bytes
        };
        assert!(write() == write(), "two readings differ");
    }
}
