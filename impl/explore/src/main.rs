//! tmp
use fulcrum_explore::*;
fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let all = std::env::args().nth(2).is_some();
    for scenario in catalogue::scenarios() {
        if !scenario.name.contains(&filter) { continue; }
        let t = std::time::Instant::now();
        let report = explore(&scenario, 3_000_000);
        println!("{}: {} states {} transitions depth {} complete {} ends {} {:?}", scenario.name, report.states, report.transitions, report.depth, report.complete, report.ends, t.elapsed());
        if let Some(story) = report.story { println!("{} steps: {}", story.actions.len(), story.violation); if all { println!("{story}"); return; } }
    }
}
