//! What the program can be asked to do, and the help that teaches it.

use crate::apiserver::ApiserverArgs;
use crate::exit;
use crate::graph::GraphArgs;
use crate::judge::JudgeArgs;
use crate::rehearse::RehearseArgs;
use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  fulcrum
      judge a recorded move between two real clusters, and tell what else there is to try
  fulcrum judge --source parent-audit.log --target child-audit.log
      judge a move of your own by the audit logs of both sides
  kubectl get -A -o json clusters,machines,secrets | fulcrum graph -
      order what a move would carry
  fulcrum rehearse dump/
      move those objects in a simulation, before anyone touches them
  fulcrum apiserver --kubeconfig fulcrum.kubeconfig
      serve a Kubernetes API from memory, to try things on";

const JUDGE_EXAMPLES: &str = "\
Examples:
  fulcrum judge --source parent-audit.log --target child-audit.log
  fulcrum judge --source parent-1.log parent-2.log --target child.log --report report/
  fulcrum judge --source parent.log --target child.log --infrastructure machines.jsonl --verbose
  fulcrum judge --source parent.log --target child.log --clock-error 5

A log is what a Kubernetes API server writes with --audit-log-path: one event of
audit.k8s.io/v1 a line. Several files of one side are read as one log.
conformance/README.md has an audit policy, and the format of the infrastructure file.";

const GRAPH_EXAMPLES: &str = "\
Examples:
  fulcrum graph objects.json
  fulcrum graph dump/ --svg --output plan.svg
  fulcrum graph objects.json --cluster default/c1 --cluster default/c2
  kubectl get -A -o json clusters,machines,secrets | fulcrum graph -

A dump of everything that a move looks at:
  for label in cluster.x-k8s.io/provider clusterctl.cluster.x-k8s.io; do
      kubectl get crd -l $label -o name; done | sed 's|.*/||' | sort -u > types
  kubectl get -A -o json secret,configmap,crd,$(paste -sd, types) > objects.json

Where some Clusters have no plan, the others are shown, and the exit code is 3. In the JSON of
--json, `refused` are the Clusters without a plan and `problems` says why.
No value of a Secret is printed.";

const REHEARSE_EXAMPLES: &str = "\
Examples:
  fulcrum rehearse dump/
      move each Cluster of the dump between two simulated API servers
  fulcrum rehearse dump/ --cluster prod/eu-1 --json
      that one alone, for a program

The movers are those of the reference implementation, the API servers answer as kube-apiserver
does, and time is simulated. It tells what speaks against a move and by which rule, the order of the
import, both UIDs of each object, whether its digest is the same on both sides, and what would be
left. A dump is what `fulcrum graph --help` says. No value of a Secret is printed.";

const APISERVER_EXAMPLES: &str = "\
Examples:
  fulcrum apiserver --kubeconfig fulcrum.kubeconfig
      serve with TLS on 127.0.0.1:6443; then, in another terminal:
      kubectl --kubeconfig fulcrum.kubeconfig get namespaces
  fulcrum apiserver --listen 127.0.0.1:0 --plain-http
      serve plain HTTP on a port that is free, and say on which
  fulcrum apiserver --tokens tokens.csv --kubeconfig fulcrum.kubeconfig
      ask for a token; the kubeconfig holds one of an administrator, made for this run
  kubectl get crd -o yaml > crds.yaml; fulcrum apiserver --crds crds.yaml
      serve the kinds of another cluster as well

A tokens.csv:
  admin-token,admin,uid-of-admin,\"system:masters\"
  plain-token,plain,uid-of-plain

It answers as kube-apiserver does where it was held to recordings of one. There are namespaces,
custom resources, garbage collection, RBAC, watches and server-side apply, and no nodes, pods that
run, webhooks or storage: what it holds is gone when it ends. The kubeconfig is written when it is
ready, its file mode is 0600, and a file that fulcrum did not write is left alone.";

/// Tests of the distributed pivot: handing a cluster's Cluster API objects to the cluster itself.
///
/// Without a command it judges a recorded move between two real clusters.
#[derive(Parser, Debug)]
#[command(name = "fulcrum", version, max_term_width = 100)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Judge a move by the audit logs of its two sides.
    #[command(after_help = format!("{JUDGE_EXAMPLES}\n\n{}", exit::HELP))]
    Judge(JudgeArgs),
    /// Show which objects a move would carry, in which order, and what it would leave.
    #[command(after_help = format!("{GRAPH_EXAMPLES}\n\n{}", exit::HELP))]
    Graph(GraphArgs),
    /// Move the objects of a real cluster in a simulation, before anyone touches them.
    #[command(after_help = format!("{REHEARSE_EXAMPLES}\n\n{}", exit::HELP))]
    Rehearse(RehearseArgs),
    /// Serve a Kubernetes API from memory, for tests.
    #[command(after_help = format!("{APISERVER_EXAMPLES}\n\n{}", exit::HELP))]
    Apiserver(ApiserverArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }
}
