//! `fulcrum` alone: a recorded move between real clusters, judged, and what else there is to try.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use fulcrum_harness::judge;
use fulcrum_harness::recorded::MOVE_CAPD;
use fulcrum_harness::tell::layout::wrap;
use fulcrum_harness::tell::{Style, WIDTH, tell};

/// Judges the recorded move that comes with the program. It demonstrates, so it ends well whatever
/// the verdict is.
pub(crate) fn run() -> Result<Exit, Failure> {
    let history = MOVE_CAPD.evidence().read().map_err(Failure::own_fault)?;
    let style = Style { colour: output::colour(), verbose: false };
    let told = tell(&judge::judge(&history), style);
    output::print(&format!("{}\n{told}\n{}", opening(), closing(&program())))?;
    Ok(Exit::Fine)
}

fn opening() -> String {
    let words = format!(
        "Fulcrum judges how a workload cluster was handed to itself. No cluster is at hand, so \
         here is a recording: {}. The source is the parent that gave the objects away, the target \
         the child that took them. All that is judged are the audit logs of the two API servers \
         and Docker's events.\n",
        MOVE_CAPD.about
    );
    lines(&words)
}

fn closing(program: &str) -> String {
    let explorer = "cargo run --bin fulcrum-explore --";
    let words = format!(
        "This was a demonstration and ends with exit code 0 whatever the verdict; \
         `{program} judge` ends with 1 when a rule failed, and with 4 when one is unknown.\n"
    );
    format!(
        "{}
What else there is to try, from the root of the repository:

  another recorded move, between API servers without controllers, with a report for machines
    {program} judge \\
      --source conformance/harness/fixtures/move-clusterctl/source.jsonl \\
      --target conformance/harness/fixtures/move-clusterctl/target.jsonl \\
      --clock-error 0 --report target/report

  what a move of a real cluster carries, in which order; and as a picture for a browser
    {program} graph impl/model/fixtures/real-objects/dev-exercise-6.6
    {program} graph impl/model/fixtures/real-objects/capd-1cp-2md --svg --output target/plan.svg

  a move and objects of your own
    {program} judge --source parent-audit.log --target child-audit.log
    kubectl get -A -o json clusters,machines,secrets | {program} graph -

  every interleaving of a hand-over, to the end of stated bounds; and the story that a rule prevents
    cargo run --bin fulcrum-explore
    {explorer} --story pause-late

  all options, with examples; the rules that are judged are in proto/CONTRACT.md
    {program} --help
    {program} judge --help
    {program} graph --help
",
        lines(&words)
    )
}

fn lines(words: &str) -> String {
    let mut text = wrap(words, WIDTH).join("\n");
    text.push('\n');
    text
}

/// How this program is called: through cargo, when cargo has called it.
fn program() -> String {
    match std::env::var_os("CARGO") {
        Some(_) => "cargo run --bin fulcrum --".to_owned(),
        None => "fulcrum".to_owned(),
    }
}
