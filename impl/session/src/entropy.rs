//! Chance that is handed in, as time is: a simulation repeats both.

/// A source of unguessable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Values drawn from a source of entropy.
pub trait Uniform {
    /// 128 bits, for ids, lineages and serial numbers.
    fn bytes16(&self) -> [u8; 16];
    /// 256 bits, for tokens and seeds.
    fn bytes32(&self) -> [u8; 32];
    /// A number from 0 to 1, 1 excluded.
    fn fraction(&self) -> f64;
}

impl<T: Entropy + ?Sized> Uniform for T {
    fn bytes16(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    fn bytes32(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }

    fn fraction(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}
