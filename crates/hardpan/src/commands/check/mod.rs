//! `hardpan check`: the project judged by the baseline.

mod baseline;
mod fix;

use anyhow::Context as _;
use hardpan_compose::{Loaded, Request, Stages, load};
use hardpan_diag::{Exit, Severity as Problem, did_you_mean};
use hardpan_report::{Gate, Renderer, Report, Shown};
use hardpan_rules::codes::Severity;
use hardpan_rules::policy::Date;
use hardpan_rules::{Outcome, Rule, Settings, check, matrix};

use crate::cli::{CheckArgs, ProjectArgs, ReportFormat, SeverityName};
use crate::disk::Disk;
use crate::{policy_file, print};

pub(crate) fn run(project: &ProjectArgs, args: &CheckArgs) -> anyhow::Result<Exit> {
    let wanted = Wanted::new(args);
    if args.fix.is_some() || args.diff {
        // Rules of a policy have no fixes, so it does not matter that they are not known yet.
        if let Some(other) = wanted.others.first() {
            return Ok(unknown_rule(other));
        }
    }
    let baseline = match args.baseline.as_deref().map(baseline::read).transpose() {
        Ok(baseline) => baseline,
        Err(error) => return Ok(refused(&error)),
    };
    let mut request =
        Request { stages: Stages { drop_unused: false, ..Stages::default() }, ..super::request(project)? };
    if request.profiles.is_empty() {
        request.profiles.push("*".to_owned());
    }
    let mut loaded = load(&request, &Disk);
    let directory = directory(&loaded, &request);
    let policy = match policy_file::find(args.policy.as_deref(), &directory) {
        Ok(policy) => policy,
        Err(error) => return Ok(refused(&error)),
    };
    let root = policy_file::root(policy.as_ref(), &directory);
    let settings = Settings { root, policy, house_rules: args.house, today: today() };
    if args.fix.is_some() || args.diff {
        if let Some(exit) = fix::run(args, &request, &settings, &wanted)? {
            return Ok(exit);
        }
        loaded = load(&request, &Disk);
    }
    let name = loaded.project.as_ref().map(|project| project.name().to_owned());
    let mut outcome = check(loaded, &settings, &Disk);
    if let Some(other) = wanted.missing(&outcome) {
        return Ok(unknown_rule(other));
    }
    hardpan_report::shorten_paths(&mut outcome, &directory);
    let matrix = if wanted.is_all() { matrix(&outcome) } else { Vec::new() };
    outcome.findings.retain(|finding| wanted.has(&finding.code, &finding.name));
    let custom = &outcome.policy.custom;
    outcome.tallies.retain(|tally| {
        let name = custom.iter().find(|rule| rule.rule == tally.code).map_or("", |rule| &rule.name);
        wanted.has(&tally.code, name)
    });
    let known = baseline
        .map_or(0, |baseline| baseline::drop_known(baseline, &mut outcome, &request.current_dir, &directory));
    let edits = fix::edits(args, &outcome);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        project: name.as_deref().filter(|name| !name.is_empty()),
        directory: &directory,
        current_dir: &request.current_dir,
        policy_path: settings.policy.as_ref().map(|(path, _)| path.as_str()),
        outcome: &outcome,
        matrix: &matrix,
        edits: &edits,
        gate: Gate { fail_on: severity(args.fail_on), strict: args.strict },
        known,
    };
    write(&report, args)?;
    let exit = if outcome.diagnostics.iter().any(|one| one.severity == Problem::Error) {
        Exit::Input
    } else if outcome.findings.iter().any(|finding| report.gate.fails(finding)) {
        Exit::Findings
    } else {
        Exit::Clean
    };
    // The program ends here. Giving back a hundred thousand small pieces of memory one by one would take a twentieth of
    // its time.
    std::mem::forget(outcome);
    Ok(exit)
}

/// The project's folder, absolute; the current one where nothing could be loaded.
fn directory(loaded: &Loaded, request: &Request) -> String {
    let folder = loaded.project.as_ref().map(|project| project.working_dir());
    folder.unwrap_or(&request.current_dir).to_owned()
}

/// Today, in UTC. A clock before 1970 gives its first day.
fn today() -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Date::from_unix_seconds(now.map_or(0, |now| now.as_secs()))
}

/// What was typed cannot be used: says why.
fn refused(error: &anyhow::Error) -> Exit {
    print::line_to_stderr(&format!("error: {error:#}"));
    Exit::Input
}

const fn severity(name: SeverityName) -> Severity {
    match name {
        SeverityName::Info => Severity::Info,
        SeverityName::Low => Severity::Low,
        SeverityName::Medium => Severity::Medium,
        SeverityName::High => Severity::High,
        SeverityName::Critical => Severity::Critical,
    }
}

/// The rules that were asked for with `--rule`; all of them where none was.
struct Wanted {
    rules: Vec<&'static Rule>,
    /// What is no rule of ours; the policy may have it.
    others: Vec<String>,
}

impl Wanted {
    fn new(args: &CheckArgs) -> Self {
        let mut wanted = Self { rules: Vec::new(), others: Vec::new() };
        for rule in &args.rule {
            match hardpan_rules::find_rule(rule) {
                Some(rule) => wanted.rules.push(rule),
                None => wanted.others.push(rule.clone()),
            }
        }
        wanted
    }

    fn is_all(&self) -> bool {
        self.rules.is_empty() && self.others.is_empty()
    }

    fn has(&self, code: &str, name: &str) -> bool {
        self.is_all()
            || self.rules.iter().any(|rule| rule.code == code)
            || self.others.iter().any(|other| other == code || other == name)
    }

    /// One that neither we nor the policy have.
    fn missing(&self, outcome: &Outcome) -> Option<&String> {
        let custom = &outcome.policy.custom;
        self.others
            .iter()
            .find(|other| !custom.iter().any(|rule| rule.rule == **other || rule.name == **other))
    }
}

/// Says that there is no such rule, and which is nearest.
fn unknown_rule(wanted: &str) -> Exit {
    print::line_to_stderr(&format!("error: no rule is called `{wanted}`"));
    let known = hardpan_rules::rules().flat_map(|rule| [rule.code, rule.name]);
    if let Some(near) = did_you_mean(wanted, known) {
        print::line_to_stderr(&format!("help: did you mean `{near}`?"));
    }
    Exit::Input
}

/// Writes the report where it was asked for.
fn write(report: &Report<'_>, args: &CheckArgs) -> anyhow::Result<()> {
    let shown = Shown { max: args.max, verbose: args.verbose, per_service: args.per_service };
    let (text, is_styled) = match (args.format, &args.output) {
        (ReportFormat::Human, _) if args.requirements => (hardpan_report::matrix_text(report), false),
        (ReportFormat::Human, None) => (hardpan_report::human(report, shown, &Renderer::styled()), true),
        (ReportFormat::Human, Some(_)) => (hardpan_report::human(report, shown, &Renderer::plain()), false),
        (ReportFormat::Json, _) => (hardpan_report::json(report), false),
        (ReportFormat::Sarif, _) => (hardpan_report::sarif(report), false),
        (ReportFormat::Junit, _) => (hardpan_report::junit(report), false),
        (ReportFormat::Github, _) => (hardpan_report::github(report), false),
    };
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None if is_styled => print::styled_to_stdout(&text),
        None => print::to_stdout(&text),
    }
}
