//! `hardpan config`: the project as Docker Compose sees it.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use hardpan_compose::{Loaded, NodeRef, Project, Request, Stages, Value, load};
use hardpan_diag::{Code, Diagnostic, Exit};

use crate::cli::{ConfigArgs, DiagnosticFormat, ModelFormat, ProjectArgs};
use crate::disk::Disk;
use crate::print;

pub(crate) fn run(project: &ProjectArgs, args: &ConfigArgs) -> anyhow::Result<Exit> {
    let request = request(project, args)?;
    let mut loaded = load(&request, &Disk);
    if args.format == ModelFormat::Json && prints_model(args) || hash(args).is_some() {
        refuse_unprintable(&mut loaded, args);
    }
    let by_format = match args.format {
        ModelFormat::Yaml => DiagnosticFormat::Human,
        ModelFormat::Json => DiagnosticFormat::Json,
    };
    match args.diagnostics.unwrap_or(by_format) {
        DiagnosticFormat::Human => print::human::diagnostics(&loaded, &request.current_dir),
        DiagnosticFormat::Json => print::machine::diagnostics(&loaded.files, loaded.diagnostics.as_slice())?,
    }
    let Some(project) = &loaded.project else { return Ok(Exit::Input) };
    if loaded.diagnostics.has_errors() {
        return Ok(Exit::Input);
    }
    if args.quiet && prints_model(args) {
        return Ok(Exit::Clean);
    }
    let text = text(&loaded, project, args)?;
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?
        }
        None => print::to_stdout(&text)?,
    }
    Ok(Exit::Clean)
}

fn request(project: &ProjectArgs, args: &ConfigArgs) -> anyhow::Result<Request> {
    Ok(Request {
        services: if narrows(args) { args.services.clone() } else { Vec::new() },
        stages: Stages {
            interpolate: !args.no_interpolate && !args.variables,
            normalize: !args.no_normalize,
            resolve_paths: !args.no_path_resolution,
            check_consistency: !args.no_consistency,
            drop_unused: true,
            // Lists and hashes are printed all the same.
            check_container_names: !args.no_consistency && (prints_model(args) || args.origins),
            decode: !(args.variables || args.no_interpolate && (prints_model(args) || args.list_services)),
            resolve_named_environment: prints_model(args) && !args.no_env_resolution,
            // The reference reads env files for the model, whatever is said, but not for lists and hashes.
            resolve_environment: prints_model(args) || args.environment || args.origins,
        },
        ..super::request(project)?
    })
}

/// True where the model itself is printed rather than something about it.
fn prints_model(args: &ConfigArgs) -> bool {
    !(args.origins
        || args.list_services
        || args.networks
        || args.volumes
        || args.models
        || args.profiles
        || args.images
        || args.variables
        || args.environment
        || hash(args).is_some())
}

/// True where services named on the command line narrow what is printed; other lists are of the whole project.
fn narrows(args: &ConfigArgs) -> bool {
    prints_model(args) || args.images || args.profiles || args.environment || args.origins
}

/// The services whose hash is asked for; the reference takes an empty text for none.
fn hash(args: &ConfigArgs) -> Option<&str> {
    args.hash.as_deref().filter(|services| !services.is_empty())
}

/// What the reference fails to print as JSON we refuse as well, and say why: an ssh key with a path, and numbers that
/// JSON does not have.
fn refuse_unprintable(loaded: &mut Loaded, args: &ConfigArgs) {
    let Some(project) = &loaded.project else { return };
    let number = if args.no_interpolate && prints_model(args) {
        project.unprintable_raw_number()
    } else {
        project.unprintable_number()
    };
    let key = project.unprintable_ssh_key().filter(|_| prints_model(args) && !args.no_interpolate);
    let diagnostic = if let Some(number) = number {
        let text = match number.value() {
            Value::Float(number) if number.is_nan() => "NaN",
            Value::Float(number) if *number < 0.0 => "-Inf",
            _ => "+Inf",
        };
        Diagnostic::error(Code("compose::number-in-json"), format!("json: unsupported value: {text}"))
            .with_span(number.origin().span)
            .with_help("JSON has finite numbers only: print YAML instead, or change the number")
    } else if let Some(key) = key {
        Diagnostic::error(
            Code("compose::ssh-key-in-json"),
            "json: error calling MarshalJSON for type types.SSHKey: invalid character ':' after top-level value",
        )
        .with_span(key.origin().span)
        .with_help("print YAML instead, or use the `default` key")
        .with_note("a defect of Docker Compose 2.40.3, which hardpan copies")
    } else {
        return;
    };
    loaded.diagnostics.push(diagnostic);
}

fn text(loaded: &Loaded, project: &Project, args: &ConfigArgs) -> anyhow::Result<String> {
    let names = |section: &str| -> Vec<String> {
        let mut names: Vec<String> = project.section(section).map(|(name, _)| name.to_owned()).collect();
        names.sort_unstable();
        names
    };
    let list = if args.origins {
        return Ok(print::origins::text(loaded, project));
    } else if args.list_services {
        names("services")
    } else if args.networks {
        names("networks")
    } else if args.volumes {
        names("volumes")
    } else if args.models {
        let models = project.section("models").filter_map(|(_, model)| model.get("model")?.as_str());
        models.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
    } else if args.profiles {
        profiles(project)
    } else if args.images {
        images(project)
    } else if args.variables {
        return Ok(match args.format {
            ModelFormat::Json => print::variables::json(project.root())?,
            ModelFormat::Yaml => print::variables::text(project.root()),
        });
    } else if args.environment {
        loaded.environment.iter().map(|(name, value, _)| format!("{name}={value}")).collect()
    } else if let Some(services) = hash(args) {
        hashes(project, services)?
    } else {
        return Ok(match (args.format, args.no_interpolate) {
            (ModelFormat::Json, false) => project.to_json(),
            (ModelFormat::Yaml, false) => project.to_yaml(),
            (ModelFormat::Json, true) => project.to_raw_json(),
            (ModelFormat::Yaml, true) => project.to_raw_yaml(),
        });
    };
    Ok(list.into_iter().map(|line| line + "\n").collect())
}

fn profiles(project: &Project) -> Vec<String> {
    let services = project.services().chain(project.disabled_services());
    let profiles = services.filter_map(|(_, service)| service.get("profiles")).flat_map(NodeRef::items);
    profiles.filter_map(NodeRef::as_str).map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The image of each service; one that is only built is named after project and service.
fn images(project: &Project) -> Vec<String> {
    let mut services: Vec<_> = project.services().collect();
    services.sort_unstable_by_key(|&(name, _)| name);
    services
        .into_iter()
        .filter(|(_, service)| !matches!(service.value(), Value::Null))
        .map(|(name, service)| {
            match service.get("image").and_then(NodeRef::as_str).filter(|image| !image.is_empty()) {
                Some(image) => image.to_owned(),
                None => format!("{}-{name}", project.name()),
            }
        })
        .collect()
}

fn hashes(project: &Project, services: &str) -> anyhow::Result<Vec<String>> {
    let mut all: Vec<_> = project.services().collect();
    all.sort_unstable_by_key(|&(name, _)| name);
    if services != "*" {
        let mut wanted: Vec<&str> = services.split(',').collect();
        wanted.sort_unstable();
        let known = all;
        all = Vec::with_capacity(wanted.len());
        for name in wanted {
            match known.iter().find(|(known, _)| *known == name) {
                Some(&service) => all.push(service),
                None => bail!("no such service: {name}"),
            }
        }
    }
    Ok(all.into_iter().map(|(name, service)| format!("{name} {}", project.service_hash(service))).collect())
}
