//! The wire format: numbered fields, each a varint or a run of bytes.

/// Takes a message apart.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Of a fixed size; no kind has such a field.
    Fixed,
}

impl<'a> Wire<'a> {
    /// The bytes of a text or of a message.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err("proto: wrong wireType".to_owned()),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn varint(self) -> Result<u64, String> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err("proto: wrong wireType".to_owned()),
        }
    }
}

fn cut() -> String {
    "unexpected EOF".to_owned()
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field and its number.
    ///
    /// # Errors
    /// When the message is cut or no message.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("proto: illegal tag {}", tag >> 3))?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => self.take(8).map(|_| Wire::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| cut())?;
                Wire::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Wire::Fixed)?,
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok(Some((number, value)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("proto: integer overflow".to_owned())
    }
}

/// Puts a message together.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Starts with `prefix`.
    pub(super) fn new(prefix: &[u8]) -> Self {
        Self { out: prefix.to_vec() }
    }

    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.put((u64::from(field) << 3) | 2);
        self.put(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn varint(&mut self, field: u32, number: u64) {
        self.put(u64::from(field) << 3);
        self.put(number);
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.out
    }

    fn put(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(((number & 0x7f) as u8) | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }
}
