//! `hardpan check`: the project judged by the baseline.

use std::fmt::Write as _;

use hardpan_compose::{Request, Stages, load};
use hardpan_diag::{Exit, Severity as Problem};
use hardpan_rules::codes::Severity;
use hardpan_rules::policy::Date;
use hardpan_rules::{Finding, Names, Outcome, Settings, Verdict, check};

use crate::cli::{CheckArgs, ProjectArgs};
use crate::disk::Disk;
use crate::{policy_file, print};

pub(crate) fn run(project: &ProjectArgs, args: &CheckArgs) -> anyhow::Result<Exit> {
    let mut request =
        Request { stages: Stages { drop_unused: false, ..Stages::default() }, ..super::request(project)? };
    if request.profiles.is_empty() {
        request.profiles.push("*".to_owned());
    }
    let loaded = load(&request, &Disk);
    let folder =
        loaded.project.as_ref().map_or(request.current_dir.as_str(), |project| project.working_dir());
    let policy = policy_file::find(args.policy.as_deref(), folder)?;
    let root = policy_file::root(policy.as_ref(), folder);
    let settings = Settings { root, policy, house_rules: args.house, today: today() };
    let outcome = check(loaded, &settings, &Disk);
    print::to_stdout(&text(&outcome))?;
    let is_broken =
        |finding: &Finding| finding.verdict == Verdict::Violation && finding.severity >= Severity::Medium;
    Ok(if outcome.diagnostics.iter().any(|one| one.severity == Problem::Error) {
        Exit::Input
    } else if outcome.findings.iter().any(is_broken) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// Today, in UTC. A clock before 1970 gives its first day.
fn today() -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Date::from_unix_seconds(now.map_or(0, |now| now.as_secs()))
}

fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for finding in &outcome.findings {
        if let Some(label) = &finding.primary {
            let file = outcome.files.get(label.span.file);
            let at = file.line_column(label.span.start);
            let _ = write!(text, "{}:{}:{}: ", file.path(), at.line, at.column);
        }
        let _ = write!(
            text,
            "{} {} [{} {}] ",
            finding.severity.as_str(),
            finding.verdict.as_str(),
            finding.code,
            finding.name
        );
        if !finding.services.is_empty() {
            let _ = write!(text, "{}: ", Names(&finding.services));
        }
        let _ = writeln!(text, "{}", finding.message);
    }
    text
}
