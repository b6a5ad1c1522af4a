//! Effects become Kubernetes requests: one side of the hand-over of one cluster, in either role.
//!
//! **Invariant:** nothing here decides. [`fulcrum_model::protocol::step`] says what to do; the
//! driver performs it in order, one outcome at a time.
//!
//! **Invariant:** no wall clock, no task that outlives [`Mover::run`], no value of a Secret in an
//! error, a log or a `Debug`.
//!
//! To read, in this order:
//!
//! 1. `driver`: what happens becomes inputs, effects become jobs;
//! 2. `kubernetes`: which duty performs which effect;
//! 3. the duties: `store` with [`record`] (the durable record), `read` (what is there), `preflight`,
//!    `fence`, `pause`, `barrier`, `import` and `removal` (objects), `bookkeeping`, [`Witness`];
//! 4. what they stand on: `api` (requests with a deadline), `catalog` (types and paths), [`ids`].
//!
//! Start from [`mover`].

mod api;
mod barrier;
mod bookkeeping;
mod catalog;
mod driver;
mod error;
mod fence;
pub mod ids;
mod import;
mod kubernetes;
mod parcel;
mod pause;
pub mod preflight;
mod read;
pub mod record;
mod removal;
mod settings;
mod store;
mod witness;

use std::sync::Arc;

pub use api::{ApiError, Fault};
pub use driver::handle::{Handle, Report, Said};
pub use error::{MoverError, ReadError};
pub use parcel::{Parcel, SentObject};
pub use settings::{Clock, ClusterName, Pace, Settings};
pub use store::found;
pub use witness::{Answer, ConfigMapWitness, NoWitness, Witness, WitnessError};

use driver::Driver;
use kubernetes::Kubernetes;

/// The name under which the mover writes fields.
pub const FIELD_MANAGER: &str = "fulcrum-mover";

/// One side of the hand-over of one cluster. It does nothing before it is run.
pub struct Mover {
    driver: Driver<Kubernetes>,
}

/// A mover for the cluster of `settings` on the API server of `client`, and the way to talk to it.
#[must_use]
pub fn mover(
    client: kube::Client,
    settings: Settings,
    witness: Arc<dyn Witness>,
    clock: Arc<dyn Clock>,
) -> (Mover, Handle) {
    let duties = Kubernetes::new(client, settings.clone(), witness);
    let (driver, handle) = driver::driver(duties, settings, clock);
    (Mover { driver }, handle)
}

impl Mover {
    /// Runs until it is dropped, which is as good as a crash: whoever runs the next one goes on.
    ///
    /// # Errors
    /// [`MoverError`] if the record cannot be understood, or if every [`Handle`] is gone.
    pub async fn run(self) -> Result<std::convert::Infallible, MoverError> {
        self.driver.run().await
    }
}
