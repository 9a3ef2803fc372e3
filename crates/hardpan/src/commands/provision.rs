//! `hardpan provision`: makes exist what services need, as a plan says.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::Context as _;
use hardpan_compose::syntax::dotenv;
use hardpan_compose::{ENV_FILE_BYTES_MAX, Loader as _, PathKind};
use hardpan_diag::{Diagnostic, Exit, Severity};
use hardpan_provision::plan::{self, Prepared};
use hardpan_provision::{Event, Options, wait};
use hardpan_report::Sources;
use hardpan_source::{FileId, FileTable};

use crate::cli::{ProjectArgs, ProvisionArgs, StepFormat};
use crate::disk::Disk;
use crate::print;

pub(crate) fn run(project: &ProjectArgs, args: &ProvisionArgs) -> anyhow::Result<Exit> {
    let timeout = match args.timeout.as_deref().map(plan::duration).transpose() {
        Ok(timeout) => timeout,
        Err(problem) => return Ok(refused(&format!("--timeout: {problem}"))),
    };
    let (name, text) = match read_plan(&args.plan) {
        Ok(read) => read,
        Err(error) => return Ok(refused(&format!("{error:#}"))),
    };
    let variables = match variables(project) {
        Ok(variables) => variables,
        Err(error) => return Ok(refused(&format!("{error:#}"))),
    };
    let mut files = FileTable::new();
    let file = files.add(name, text);
    let (plan, mut problems) = plan::read(files.get(file).text(), file, &variables);
    let is_sound = !problems.iter().any(|problem| problem.severity == Severity::Error);
    let timeout = timeout.or(plan.timeout).unwrap_or(wait::TIMEOUT);
    let prepared = match is_sound.then(|| plan.prepare(&args.only, &Disk, &args.secrets)) {
        Some(Ok(prepared)) => Some(prepared),
        Some(Err(more)) => {
            problems.extend(more);
            None
        }
        None => None,
    };
    tell_problems(&files, file, &problems, args.format)?;
    match prepared {
        Some(prepared) => carry_out(prepared, Options { timeout, dry_run: args.dry_run }, args.format),
        None => Ok(Exit::Input),
    }
}

fn refused(problem: &str) -> Exit {
    print::line_to_stderr(&format!("error: {problem}"));
    Exit::Input
}

/// The absolute path of the plan, and its text.
fn read_plan(path: &str) -> anyhow::Result<(String, String)> {
    let name = match path {
        "-" => "<stdin>".to_owned(),
        path => {
            let absolute = std::path::absolute(path).with_context(|| format!("cannot find {path}"))?;
            absolute.to_string_lossy().into_owned()
        }
    };
    let shown = if path == "-" { "standard input" } else { path };
    let bytes = Disk
        .read(if path == "-" { path } else { &name }, plan::BYTES_MAX)
        .with_context(|| format!("cannot read {shown}"))?;
    let text = String::from_utf8(bytes).ok().with_context(|| format!("{shown} is not UTF-8"))?;
    Ok((name, text))
}

/// The variables of the plan: those of the environment, and below them those of the env files, of which later ones win.
/// Without `--env-file` that is `.env` in the current folder, where there is one.
fn variables(project: &ProjectArgs) -> anyhow::Result<HashMap<String, String>> {
    let environment: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let own = [".env".to_owned()];
    let files = match project.env_file.as_slice() {
        [] if Disk.kind(".env") == Some(PathKind::File) => own.as_slice(),
        files => files,
    };
    let (mut known, mut variables) = (HashMap::new(), HashMap::new());
    for file in files {
        let bytes = Disk.read(file, ENV_FILE_BYTES_MAX).with_context(|| format!("cannot read {file}"))?;
        let text = String::from_utf8(bytes).ok().with_context(|| format!("{file} is not UTF-8"))?;
        let entries = dotenv::parse(&text, &environment, &mut known)
            .map_err(|error| anyhow::anyhow!("{file}:{}: not an env file", error.line))?;
        variables.extend(entries.into_iter().map(|entry| (entry.key, entry.value)));
    }
    variables.extend(environment);
    Ok(variables)
}

fn tell_problems(
    files: &FileTable,
    file: FileId,
    problems: &[Diagnostic],
    format: StepFormat,
) -> anyhow::Result<()> {
    if format == StepFormat::Json {
        return print::machine::diagnostics(files, problems);
    }
    let mut shown = FileTable::new();
    let original = files.get(file);
    shown.add(original.path(), plan::masked(original.text(), file, problems));
    let masked = HashSet::new();
    let current_dir = std::env::current_dir().context("cannot tell the current directory")?;
    let current_dir = current_dir.to_string_lossy();
    let sources = Sources { files: &shown, masked: &masked, current_dir: &current_dir };
    print::human::problems(&sources, problems, "nothing was done");
    Ok(())
}

/// Carries the plan out and prints every step as it is done.
fn carry_out(plan: Prepared, options: Options, format: StepFormat) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime of connections")?;
    // The work goes on where nobody reads what is said of it, and the failure is told at the end.
    let unwritten = Rc::new(RefCell::new(None));
    let write = |line: String, unwritten: &RefCell<Option<anyhow::Error>>| {
        if let Err(error) = print::to_stdout(&(line + "\n")) {
            unwritten.borrow_mut().get_or_insert(error);
        }
    };
    let listener = {
        let unwritten = Rc::clone(&unwritten);
        Rc::new(move |event: &Event| match format {
            StepFormat::Human => write(event.human(), &unwritten),
            StepFormat::Json => write(event.json(), &unwritten),
        })
    };
    let report = runtime.block_on(async {
        let signal = signal()?;
        tokio::select! {
            // What is done is done, even if somebody wanted it to end at the same moment.
            biased;
            report = hardpan_provision::run(plan, options, listener) => anyhow::Ok(Some(report)),
            () = signal => Ok(None),
        }
    });
    // A name that is still being looked up would hold the program beyond the deadline.
    runtime.shutdown_background();
    let Some(report) = report? else {
        print::line_to_stderr("error: interrupted before everything was done");
        print::line_to_stderr("help: run it again: it goes on where it was");
        return Ok(Exit::Environment);
    };
    match format {
        StepFormat::Human => write(report.human(), &unwritten),
        StepFormat::Json => write(report.json(), &unwritten),
    }
    let exit = report.exit();
    match unwritten.take() {
        Some(error) if exit == Exit::Clean => Err(error),
        _ => Ok(exit),
    }
}

/// Waits for the wish to end. It has to be heard: the only program of a container is not ended by a signal that it does not
/// listen for.
#[cfg(unix)]
fn signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            // Both mean the same.
            biased;
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Other systems have no such signals.
#[cfg(not(unix))]
fn signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}
