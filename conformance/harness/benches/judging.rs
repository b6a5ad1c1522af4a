//! How fast audit logs are judged: a recorded move among 1,000,000 events, nine in ten of them reads,
//! and the same writes with a tenth of the reads, to show that memory goes with the writes.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use fulcrum_harness::judge::{Input, judge};
use fulcrum_harness::recorded::MOVE_CLUSTERCTL;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How many writes are in the logs of both sides together.
const WRITES: u64 = 100_000;

/// The Machines that the writes go to, on each side.
const MACHINES: u64 = 500;

fn main() -> Result<(), Box<dyn Error>> {
    // Few reads first: the peak of a process only ever rises.
    let few = run("with a tenth of the reads", WRITES * 9 / 10)?;
    let many = run("1,000,000 events", WRITES * 9)?;
    println!(
        "nine tenths of the events more: peak memory {} MB instead of {} MB",
        many / 1_000_000,
        few / 1_000_000
    );
    Ok(())
}

/// Writes the logs, judges them, prints how fast that was; returns the peak of memory in bytes.
fn run(name: &str, reads: u64) -> Result<u64, Box<dyn Error>> {
    let folder = Folder::create()?;
    let source = folder.log("source", WRITES / 2, reads / 2)?;
    let target = folder.log("target", WRITES / 2, reads / 2)?;
    let bytes = fs::metadata(&source)?.len() + fs::metadata(&target)?.len();
    let mut evidence = MOVE_CLUSTERCTL.evidence();
    evidence.source.push(Input::File(source));
    evidence.target.push(Input::File(target));
    let begun = Instant::now();
    let history = evidence.read()?;
    let read = begun.elapsed();
    let judgement = judge(&history);
    let judged = begun.elapsed();
    let events = WRITES + reads;
    let rate = |amount: u64, seconds: f64| amount as f64 / seconds;
    println!(
        "{name}: {events} events, {} MB, {} findings\n  read   in {:.2} s: {:.0} events/s, {:.0} \
         MB/s\n  judged in {:.2} s: {:.0} events/s, {:.0} MB/s",
        bytes / 1_000_000,
        judgement.findings.len(),
        read.as_secs_f64(),
        rate(events, read.as_secs_f64()),
        rate(bytes, read.as_secs_f64()) / 1e6,
        judged.as_secs_f64(),
        rate(events, judged.as_secs_f64()),
        rate(bytes, judged.as_secs_f64()) / 1e6,
    );
    Ok(peak())
}

/// The peak of this process's memory in bytes; 0 where the system does not tell.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("fulcrum-judging-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn log(&self, side: &str, writes: u64, reads: u64) -> std::io::Result<PathBuf> {
        let path = self.0.join(side);
        write_log(&path, side, writes, reads)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is the system's to clean.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes one side's log: the writes evenly among the reads.
fn write_log(path: &Path, side: &str, writes: u64, reads: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let each = reads / writes;
    let mut event = String::new();
    let mut number = 0;
    for write in 0..writes {
        for _ in 0..each {
            number += 1;
            event.clear();
            read_event(&mut event, number);
            out.write_all(event.as_bytes())?;
        }
        number += 1;
        event.clear();
        write_event(&mut event, side, number, write);
        out.write_all(event.as_bytes())?;
    }
    // What does not divide evenly comes last.
    for _ in each * writes..reads {
        number += 1;
        event.clear();
        read_event(&mut event, number);
        out.write_all(event.as_bytes())?;
    }
    out.flush()
}

/// The beginning of an event, up to its verb.
fn head(event: &mut String, level: &str, uri: &str, verb: &str, number: u64) {
    let _ = write!(
        event,
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"{level}","auditID":"{number:08x}-3dd0-4b1e-8f36-{number:012x}","stage":"ResponseComplete","requestURI":"{uri}","verb":"{verb}","user":{{"username":"system:serviceaccount:capi-system:capi-manager","uid":"29a95292-fe83-4bc9-9928-2f9f55c48d7b","groups":["system:serviceaccounts","system:serviceaccounts:capi-system","system:authenticated"],"extra":{{"authentication.kubernetes.io/pod-name":["capi-controller-manager-6d8f9b7c5-x2x5v"]}}}},"sourceIPs":["10.244.0.4"],"userAgent":"manager/v1.14.2 cluster-api-controller-manager (linux/amd64)","#
    );
}

/// The end of an event, from its times on.
fn tail(event: &mut String, number: u64) {
    let (minutes, seconds, micros) = (number / 60_000 % 60, number / 1_000 % 60, number % 1_000);
    let _ = writeln!(
        event,
        r#""requestReceivedTimestamp":"2026-11-24T13:{minutes:02}:{seconds:02}.{micros:03}100Z","stageTimestamp":"2026-11-24T13:{minutes:02}:{seconds:02}.{micros:03}900Z","annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding \"capi-manager\""}}}}"#
    );
}

fn read_event(event: &mut String, number: u64) {
    let uri = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines/child-md-5bbfk-rc2pf";
    head(event, "Metadata", uri, "get", number);
    event.push_str(
        r#""objectRef":{"resource":"machines","namespace":"default","name":"child-md-5bbfk-rc2pf","apiGroup":"cluster.x-k8s.io","apiVersion":"v1beta2"},"responseStatus":{"metadata":{},"code":200},"#,
    );
    tail(event, number);
}

/// A controller's patch of a Machine's status, with both bodies.
fn write_event(event: &mut String, side: &str, number: u64, write: u64) {
    let name = format!("child-md-5bbfk-{:04}", write % MACHINES);
    let uri = format!("/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines/{name}/status");
    head(event, "RequestResponse", &uri, "patch", number);
    let conditions = conditions(write);
    let _ = write!(
        event,
        r#""objectRef":{{"resource":"machines","namespace":"default","name":"{name}","apiGroup":"cluster.x-k8s.io","apiVersion":"v1beta2","subresource":"status"}},"responseStatus":{{"metadata":{{}},"code":200}},"requestObject":{{"metadata":{{"resourceVersion":"{}"}},"status":{{"conditions":{conditions}}}}},"responseObject":{{"apiVersion":"cluster.x-k8s.io/v1beta2","kind":"Machine","metadata":{{"creationTimestamp":"2026-11-24T13:00:00Z","finalizers":["machine.cluster.x-k8s.io"],"generation":3,"labels":{{"cluster.x-k8s.io/cluster-name":"child","cluster.x-k8s.io/deployment-name":"child-md","cluster.x-k8s.io/set-name":"child-md-5bbfk","machine-template-hash":"552282381-5bbfk"}},"name":"{name}","namespace":"default","ownerReferences":[{{"apiVersion":"cluster.x-k8s.io/v1beta2","blockOwnerDeletion":true,"controller":true,"kind":"MachineSet","name":"child-md-5bbfk","uid":"7f768c8e-{side}"}}],"resourceVersion":"{number}","uid":"{name}-{side}"}},"spec":{{"bootstrap":{{"configRef":{{"apiGroup":"bootstrap.cluster.x-k8s.io","kind":"KubeadmConfig","name":"{name}"}},"dataSecretName":"{name}"}},"clusterName":"child","deletion":{{"nodeDeletionTimeoutSeconds":10}},"infrastructureRef":{{"apiGroup":"infrastructure.cluster.x-k8s.io","kind":"DockerMachine","name":"{name}"}},"providerID":"docker:////{name}","version":"v1.34.4"}},"status":{{"conditions":{conditions},"nodeRef":{{"name":"{name}"}},"observedGeneration":3,"phase":"Running"}}}},"#,
        number - 1
    );
    tail(event, number);
}

fn conditions(write: u64) -> String {
    let kinds = ["Available", "Ready", "UpToDate", "BootstrapConfigReady", "InfrastructureReady"];
    let all = kinds.map(|kind| {
        format!(
            r#"{{"lastTransitionTime":"2026-11-24T13:29:12Z","message":"write {write}","observedGeneration":3,"reason":"{kind}","status":"True","type":"{kind}"}}"#
        )
    });
    format!("[{}]", all.join(","))
}
