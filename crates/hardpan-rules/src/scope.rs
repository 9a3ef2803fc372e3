//! What rules judge: the resolved project, its files, and the owner's policy.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use hardpan_compose::{Hop, Loaded, Loader, NodeRef, PathKind, Project, VariableSource};
use hardpan_diag::{Diagnostic, Severity};
use hardpan_source::{FileId, FileTable, Span};

use crate::builds::ImageSource;
use crate::classify::classify;
use crate::families::Shared;
use crate::files::Files;
use crate::policy::{Date, Policy, Waiver};
use crate::service::{Service, ServiceId};

/// Everything that a rule may look at.
///
/// The project is loaded with all profiles enabled and with what no service uses kept, so rules see all of it.
#[derive(Debug)]
pub struct Scope<'p> {
    /// The resolved project. With errors among [`Scope::diagnostics`] it is incomplete.
    pub project: &'p Project,
    /// Files, read on demand.
    pub files: Files<'p>,
    /// What the owner decided.
    pub policy: &'p Policy,
    /// The folder that the project's own paths start at: where the policy file lies, else the repository, else the
    /// project directory. Absolute.
    pub root: String,
    /// The day waivers are held to.
    pub today: Date,
    /// Which waivers have covered something so far, by their number.
    pub(crate) used_waivers: RefCell<HashSet<usize>>,
    /// What the resolver had to say.
    pub diagnostics: &'p [Diagnostic],
    /// The variables that interpolation saw, with where each was set.
    pub environment: &'p [(String, String, VariableSource)],
    /// Compose files that were loaded, in order, with what asked for them (none for the first).
    pub compose_files: Vec<(FileId, Option<Span>)>,
    services: Vec<Service<'p>>,
    by_name: HashMap<&'p str, ServiceId>,
    variables: OnceCell<Vec<VariableUse<'p>>>,
    images: OnceCell<Vec<ImageSource>>,
    builders: OnceCell<HashMap<&'p str, ServiceId>>,
    /// What several rules of a family want to know, worked out once.
    pub(crate) shared: Shared<'p>,
}

/// A variable in a value of the project.
#[derive(Clone, Copy, Debug)]
pub struct VariableUse<'p> {
    /// Its name.
    pub name: &'p str,
    /// Where its value was set.
    pub set: &'p VariableSource,
    /// The value that it is part of.
    pub node: NodeRef<'p>,
}

/// The parts of a load that a scope is made of.
pub(crate) struct Input<'p> {
    pub(crate) project: &'p Project,
    pub(crate) policy: &'p Policy,
    pub(crate) root: String,
    pub(crate) today: Date,
    pub(crate) diagnostics: &'p [Diagnostic],
    pub(crate) environment: &'p [(String, String, VariableSource)],
    pub(crate) compose_files: Vec<(FileId, Option<Span>)>,
    pub(crate) table: FileTable,
    pub(crate) loader: &'p dyn Loader,
}

/// The Compose files of a load with what asked for them. Env files are masked and belong to no scope.
pub(crate) fn compose_files(loaded: &Loaded) -> Vec<(FileId, Option<Span>)> {
    let files = loaded.files.iter().map(|(id, _)| id).filter(|id| !loaded.masked.contains(id));
    files.map(|id| (id, loaded.asked_for.get(&id).copied())).collect()
}

impl<'p> Scope<'p> {
    pub(crate) fn new(input: Input<'p>) -> Self {
        let Input { project, policy, root, today, diagnostics, environment, compose_files, table, loader } =
            input;
        let section = project.root().get("services");
        let mut services = Vec::new();
        for (name, node) in project.services() {
            let key = section.and_then(|section| section.key_span(name)).unwrap_or(node.origin().span);
            let id = ServiceId(u32::try_from(services.len()).unwrap_or(u32::MAX));
            services.push(Service::new(id, name, node, key));
        }
        classify(&mut services, policy);
        let by_name = services.iter().map(|service| (service.name, service.id)).collect();
        Self {
            project,
            files: Files::new(loader, table),
            policy,
            root,
            today,
            used_waivers: RefCell::default(),
            diagnostics,
            environment,
            compose_files,
            services,
            by_name,
            variables: OnceCell::new(),
            images: OnceCell::new(),
            builders: OnceCell::new(),
            shared: Shared::default(),
        }
    }

    /// All services of all profiles, in the order of the project.
    #[must_use]
    pub fn services(&self) -> &[Service<'p>] {
        &self.services
    }

    /// The service of that name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service<'p>> {
        self.by_name.get(name).map(|id| &self.services[id.index()])
    }

    /// The service of that id.
    #[must_use]
    pub fn service_of(&self, id: ServiceId) -> &Service<'p> {
        &self.services[id.index()]
    }

    /// Where the image of a service comes from, with its Dockerfile where it is built.
    #[must_use]
    pub fn image_source(&self, service: &Service<'_>) -> &ImageSource {
        let all = self.images.get_or_init(|| {
            self.services.iter().map(|service| ImageSource::of(&self.files, service)).collect()
        });
        &all[service.id.index()]
    }

    /// The service that builds an image of this name; the first of several.
    #[must_use]
    pub fn builder_of(&self, image: &str) -> Option<&Service<'p>> {
        let builders = self.builders.get_or_init(|| {
            let built = self.services.iter().rev().filter(|service| service.get("build").is_some());
            built.filter_map(|service| Some((untagged(service.image()?), service.id))).collect()
        });
        builders.get(untagged(image)).map(|&id| self.service_of(id))
    }

    /// The definition of a top-level network, volume, secret or config.
    #[must_use]
    pub fn resource(&self, section: &str, name: &str) -> Option<NodeRef<'p>> {
        self.project.root().get(section)?.get(name)
    }

    /// Where a top-level network, volume, secret or config is defined.
    #[must_use]
    pub fn resource_key(&self, section: &str, name: &str) -> Option<Span> {
        self.project.root().get(section)?.key_span(name)
    }

    /// Every variable in a value of the project, in the order of the project; the same variable at the same text is
    /// there once.
    pub fn variables(&self) -> &[VariableUse<'p>] {
        self.variables.get_or_init(|| {
            let (mut uses, mut seen) = (Vec::new(), HashSet::new());
            let mut pending = vec![self.project.root()];
            while let Some(node) = pending.pop() {
                for hop in node.hops() {
                    if let Hop::Variable { name, set } = hop
                        && seen.insert((&**name, node.origin().span))
                    {
                        uses.push(VariableUse { name, set, node });
                    }
                }
                let from = pending.len();
                pending.extend(node.items());
                pending.extend(node.entries().map(|(_, value)| value));
                pending[from..].reverse();
            }
            uses
        })
    }

    /// Where the project begins: `services` or `include` of its first file. What is missing from the project as a whole
    /// is reported there.
    #[must_use]
    pub fn entry(&self) -> Option<Span> {
        let (id, _) = *self.compose_files.first()?;
        let services = self.project.root().key_span("services").filter(|span| span.file == id);
        services.or_else(|| {
            let file = self.files.file(id);
            let text = file.text();
            ["include", "services"].into_iter().find_map(|key| {
                let line = format!("{key}:");
                let start = text
                    .match_indices(&line)
                    .map(|(at, _)| at)
                    .find(|&at| at == 0 || text.as_bytes()[at - 1] == b'\n')?;
                let start = u32::try_from(start).ok()?;
                Some(Span::new(id, start, start + u32::try_from(key.len()).ok()?))
            })
        })
    }

    /// Whether the load has not seen all that the project is made of, so that what seems to be missing may be there.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        const CODES: [&str; 7] = [
            "file::",
            "yaml::",
            "compose::budget",
            "compose::include-cycle",
            "compose::invalid-include",
            "compose::extends-",
            "compose::remote-file",
        ];
        let mut errors = self.diagnostics.iter().filter(|one| one.severity == Severity::Error);
        errors.any(|error| CODES.iter().any(|code| error.code.0.starts_with(code)))
    }

    /// Whether the decision that a waiver cites is a file of the project.
    pub(crate) fn has_decision(&self, waiver: &Waiver) -> bool {
        !waiver.adr.is_empty() && self.files.kind(&self.absolute(&waiver.adr)) == Some(PathKind::File)
    }

    /// An absolute path as it is read from the project's root; unchanged where it lies outside.
    #[must_use]
    pub fn relative<'t>(&self, path: &'t str) -> &'t str {
        path.strip_prefix(self.root.trim_end_matches('/'))
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(path)
    }

    /// The absolute path of one that starts at the project's root.
    #[must_use]
    pub fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.root.trim_end_matches('/'))
        }
    }
}

/// `latest` is the tag of a name without one.
fn untagged(image: &str) -> &str {
    image.strip_suffix(":latest").unwrap_or(image)
}
