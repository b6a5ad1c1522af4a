//! What pods really run.

use std::any::Any;

/// Where a pod was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The workload cluster.
    pub cluster: String,
    /// The namespace of the pod.
    pub namespace: String,
    /// The name of the pod.
    pub pod: String,
    /// Its node.
    pub node: String,
}

/// What the pods of a Deployment run. Without one a pod runs and does nothing.
pub trait Program: Send + Sync {
    /// Starts it. It is killed by dropping what is returned, in the moment in which its pod or
    /// machine ends.
    fn start(&self, pod: &Started) -> Box<dyn Any + Send>;
}

impl<F> Program for F
where
    F: Fn(&Started) -> Box<dyn Any + Send> + Send + Sync,
{
    fn start(&self, pod: &Started) -> Box<dyn Any + Send> {
        self(pod)
    }
}
