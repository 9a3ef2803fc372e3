//! Checks that the parts of a project fit together (compose-go `loader.checkConsistency`). All problems are found, not
//! the first.

use std::collections::HashMap;

use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::Span;

use crate::dependency_cycles;
use crate::keys::{self, Key};
use crate::selection::Split;
use crate::session::Session;
use crate::tree::{Entry, NodeId, Value};

/// Checks a typed project; problems go to the session's diagnostics.
pub(crate) fn check(session: &mut Session<'_>, root: NodeId, split: Split) {
    for service in session.tree.entries(split.enabled).to_vec() {
        let name = session.tree.key_str(service.key).to_owned();
        Checker { session, root, split, service, name }.check();
    }
    secrets(session, root);
    dependency_cycles::check(session, split.enabled);
}

struct Checker<'s, 'a> {
    session: &'s mut Session<'a>,
    root: NodeId,
    split: Split,
    service: Entry,
    name: String,
}

impl Checker<'_, '_> {
    fn get(&self, key: Key) -> Option<NodeId> {
        self.session.tree.get(self.service.value, key).filter(|&node| !self.session.tree.is_null(node))
    }

    fn deep(&self, path: &[Key]) -> Option<NodeId> {
        path.iter().try_fold(self.service.value, |at, &key| self.session.tree.get(at, key))
    }

    fn str(&self, node: NodeId, key: Key) -> &str {
        self.session.tree.get_str(node, key).unwrap_or_default()
    }

    fn items(&self, node: NodeId, key: Key) -> Vec<NodeId> {
        self.session
            .tree
            .get(node, key)
            .map(|list| self.session.tree.items(list).to_vec())
            .unwrap_or_default()
    }

    fn push(&mut self, code: &'static str, span: Span, message: &str) -> Diagnostic {
        Diagnostic::error(Code(code), format!("{message}: invalid compose project")).with_span(span)
    }

    fn error(&mut self, code: &'static str, span: Span, message: &str, help: &str) {
        let mut diagnostic = self.push(code, span, message);
        if !help.is_empty() {
            diagnostic.help = Some(help.to_owned());
        }
        self.session.diagnostics.push(diagnostic);
    }

    fn check(&mut self) {
        self.image_or_build();
        self.build();
        self.networks();
        self.health_test();
        self.depends_on();
        self.references();
        self.limits();
        self.container_name();
        self.watch();
        self.mounts();
    }

    fn image_or_build(&mut self) {
        let has_image = !self.str(self.service.value, keys::IMAGE).is_empty();
        let excused = self.session.incomplete.contains(&self.service.key);
        if has_image || excused || self.get(keys::BUILD).is_some() || self.get(keys::PROVIDER).is_some() {
            return;
        }
        let message = format!("service {:?} has neither an image nor a build context specified", self.name);
        let help =
            "add `image:` or `build:`; a service that only changes another one belongs in an override file";
        self.error("compose::no-image", self.service.key_span, &message, help);
    }

    fn build(&mut self) {
        let Some(build) = self.get(keys::BUILD) else { return };
        if !self.str(build, keys::DOCKERFILE).is_empty()
            && !self.str(build, keys::DOCKERFILE_INLINE).is_empty()
        {
            let message = format!(
                "service {:?} declares mutualy exclusive dockerfile and dockerfile_inline",
                self.name
            );
            let span = self.session.tree.span(build);
            self.error("compose::two-dockerfiles", span, &message, "keep one of the two");
        }
        let platforms = self.items(build, keys::PLATFORMS);
        let platform = self.str(self.service.value, keys::PLATFORM).to_owned();
        if !platforms.is_empty()
            && !platform.is_empty()
            && !platforms.iter().any(|&item| self.session.tree.str(item) == Some(&platform))
        {
            let message = format!("service.build.platforms MUST include service.platform {platform:?}");
            let span =
                self.get(keys::PLATFORM).map_or(self.service.key_span, |node| self.session.tree.span(node));
            self.error("compose::platform", span, &message, "add the platform to `build.platforms`");
        }
        self.contexts(build);
        for secret in self.items(build, keys::SECRETS) {
            self.defined(keys::SECRETS, "build secret", secret);
        }
    }

    /// A build context that is another service's image needs a service that is built.
    fn contexts(&mut self, build: NodeId) {
        let Some(contexts) = self.session.tree.get(build, keys::ADDITIONAL_CONTEXTS) else { return };
        for context in self.session.tree.entries(contexts).to_vec() {
            let Some(target) =
                self.session.tree.str(context.value).and_then(|text| text.strip_prefix("service:"))
            else {
                continue;
            };
            let target = target.to_owned();
            let service = self
                .session
                .tree
                .find_key(&target)
                .and_then(|key| self.session.tree.get(self.split.enabled, key));
            let problem = match service {
                None => "unknown",
                Some(service) if self.session.tree.get(service, keys::BUILD).is_none() => "non-buildable",
                Some(_) => continue,
            };
            let message = format!(
                "service {:?} declares {problem} service {target:?} as additional contexts {}",
                self.name,
                self.session.tree.key_str(context.key)
            );
            let span = self.session.tree.span(context.value);
            let diagnostic = Diagnostic::error(Code("compose::build-context"), message).with_span(span);
            self.session.diagnostics.push(diagnostic.with_help("name a service that has `build:`"));
        }
    }

    fn networks(&mut self) {
        let mode = self.get(keys::NETWORK_MODE);
        let networks = self.get(keys::NETWORKS);
        let entries = networks.map(|node| self.session.tree.entries(node).to_vec()).unwrap_or_default();
        if let Some(mode) = mode.filter(|&mode| self.session.tree.str(mode) != Some(""))
            && let Some(networks) = networks
            && !entries.is_empty()
        {
            let message =
                format!("service {} declares mutually exclusive `network_mode` and `networks`", self.name);
            let span = self.session.tree.span(mode);
            let related = self.session.tree.span(networks);
            let diagnostic =
                self.push("compose::network-mode", span, &message).with_related(related, "and networks here");
            self.session.diagnostics.push(diagnostic.with_help("keep one of the two"));
        }
        for entry in entries {
            let name = self.session.tree.key_str(entry.key).to_owned();
            self.reference(keys::NETWORKS, "network", &name, entry.key_span);
        }
        if let Some(mode) = mode
            && let Some(service) = self.session.tree.str(mode).and_then(|text| text.strip_prefix("service:"))
        {
            let service = service.to_owned();
            let known = self.session.tree.find_key(&service);
            if known.is_none_or(|key| self.session.tree.get(self.split.enabled, key).is_none()) {
                let message = format!("service {service:?} not found for network_mode 'service:{service}'");
                let span = self.session.tree.span(mode);
                self.session.error("compose::undefined-service", span, message);
            }
        }
    }

    fn health_test(&mut self) {
        let Some(test) = self.deep(&[keys::HEALTHCHECK, keys::TEST]) else { return };
        let Some(&first) = self.session.tree.items(test).first() else { return };
        if !matches!(self.session.tree.str(first), Some("CMD" | "CMD-SHELL" | "NONE")) {
            let span = self.session.tree.span(first);
            self.session.diagnostics.push(
                Diagnostic::error(
                    Code("compose::health-test"),
                    "healthcheck.test must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\"",
                )
                .with_span(span)
                .with_help("put `CMD` in front, or write the test as one string"),
            );
        }
    }

    fn depends_on(&mut self) {
        let Some(depends_on) = self.get(keys::DEPENDS_ON) else { return };
        for dependency in self.session.tree.entries(depends_on).to_vec() {
            if self.session.tree.get(self.split.enabled, dependency.key).is_some() {
                continue;
            }
            let disabled = self.session.tree.get(self.split.disabled, dependency.key).is_some();
            let required = self.session.tree.get(dependency.value, keys::REQUIRED);
            let optional =
                required.is_some_and(|node| matches!(self.session.tree.value(node), Value::Bool(false)));
            if disabled && optional {
                continue;
            }
            let target = self.session.tree.key_str(dependency.key).to_owned();
            let message = format!("service {:?} depends on undefined service {target:?}", self.name);
            let help = if disabled {
                format!(
                    "`{target}` is in a profile that is not active: activate it, or mark the dependency `required: false`"
                )
            } else {
                self.did_you_mean(self.split.enabled, &target)
                    .unwrap_or_else(|| "define it, or remove the dependency".to_owned())
            };
            self.error("compose::undefined-service", dependency.key_span, &message, &help);
        }
    }

    fn references(&mut self) {
        for volume in self.items(self.service.value, keys::VOLUMES) {
            if self.str(volume, keys::TYPE) == "volume" {
                self.defined(keys::VOLUMES, "volume", volume);
            }
        }
        for (key, what) in [(keys::CONFIGS, "config"), (keys::SECRETS, "secret")] {
            for item in self.items(self.service.value, key) {
                self.defined(key, what, item);
            }
        }
        let models = self.get(keys::MODELS).map(|node| self.session.tree.entries(node).to_vec());
        for model in models.unwrap_or_default() {
            let name = self.session.tree.key_str(model.key).to_owned();
            self.reference(keys::MODELS, "model", &name, model.key_span);
        }
    }

    /// Checks what an item names as its source. Only a volume may have none.
    fn defined(&mut self, section: Key, what: &str, item: NodeId) {
        let name = self.str(item, keys::SOURCE).to_owned();
        if !(name.is_empty() && section == keys::VOLUMES) {
            let source = self.session.tree.get(item, keys::SOURCE).unwrap_or(item);
            let span = self.session.tree.span(source);
            self.reference(section, what, &name, span);
        }
    }

    fn reference(&mut self, section: Key, what: &str, name: &str, span: Span) {
        let known = self.session.tree.get(self.root, section);
        let found = known.is_some_and(|node| {
            self.session
                .tree
                .find_key(name)
                .is_some_and(|key| self.session.tree.get_entry(node, key).is_some())
        });
        if found {
            return;
        }
        let message = format!("service {:?} refers to undefined {what} {name}", self.name);
        let section_name = self.session.tree.key_str(section).to_owned();
        let help = known
            .and_then(|node| self.did_you_mean(node, name))
            .unwrap_or_else(|| format!("declare `{name}` under the top-level `{section_name}:`"));
        let code = match what {
            "network" => "compose::undefined-network",
            "volume" => "compose::undefined-volume",
            "config" => "compose::undefined-config",
            "model" => "compose::undefined-model",
            _ => "compose::undefined-secret",
        };
        self.error(code, span, &message, &help);
    }

    fn did_you_mean(&self, map: NodeId, name: &str) -> Option<String> {
        if self.session.diagnostics.is_crowded() {
            return None;
        }
        let names = self.session.tree.entries(map).iter().map(|entry| self.session.tree.key_str(entry.key));
        did_you_mean(name, names).map(|near| format!("did you mean `{near}`?"))
    }

    fn number(&self, node: Option<NodeId>) -> Option<f64> {
        match *self.session.tree.value(node?) {
            Value::Int(number) => Some(number as f64),
            Value::UInt(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    /// An old attribute and its counterpart under `deploy` must agree, once both are given.
    fn limits(&mut self) {
        const DEPLOY: Key = keys::DEPLOY;
        self.same("scale", &[keys::SCALE], "deploy.replicas", &[DEPLOY, keys::REPLICAS], None);
        for (key, what, limit, section) in [
            (keys::CPUS, "cpus", keys::CPUS, keys::LIMITS),
            (keys::MEM_LIMIT, "mem_limit", keys::MEMORY, keys::LIMITS),
            (keys::MEM_RESERVATION, "mem_reservation", keys::MEMORY, keys::RESERVATIONS),
            (keys::PIDS_LIMIT, "pids_limit", keys::PIDS, keys::LIMITS),
        ] {
            let section_name = if section == keys::LIMITS { "limits" } else { "reservations" };
            let limit_name = self.session.tree.key_str(limit).to_owned();
            let other = format!("deploy.resources.{section_name}.{limit_name}");
            let whole = [DEPLOY, keys::RESOURCES, section];
            self.same(what, &[key], &other, &[DEPLOY, keys::RESOURCES, section, limit], Some(&whole));
        }
        self.replicas();
    }

    /// `within`: where this mapping exists, a missing counterpart in it counts as zero, and zero on the left as unset.
    fn same(&mut self, what: &str, left: &[Key], other: &str, right: &[Key], within: Option<&[Key]>) {
        let Some(left_node) = self.deep(left) else { return };
        let Some(left_value) = self.number(Some(left_node)) else { return };
        let right_value = match (self.number(self.deep(right)), within) {
            (Some(value), _) => value,
            (None, Some(within))
                if self.deep(within).is_some_and(|node| self.session.tree.map(node).is_some()) =>
            {
                0.0
            }
            _ => return,
        };
        if left_value == right_value || (within.is_some() && left_value == 0.0) {
            return;
        }
        let message = format!("services.{}: can't set distinct values on '{what}' and '{other}'", self.name);
        let span = self.session.tree.span(left_node);
        let related = self.deep(right).or_else(|| within.and_then(|path| self.deep(path)));
        let mut diagnostic =
            self.push("compose::distinct-values", span, &message).with_help("keep one of the two");
        if let Some(related) = related {
            diagnostic = diagnostic.with_related(self.session.tree.span(related), "differs from this");
        }
        self.session.diagnostics.push(diagnostic);
    }

    fn replicas(&mut self) {
        let scale = self.deep(&[keys::SCALE]);
        let replicas = self.deep(&[keys::DEPLOY, keys::REPLICAS]);
        for (node, what) in [(scale, "scale"), (replicas, "deploy.replicas")] {
            if let Some(node) = node
                && self.number(Some(node)).is_some_and(|number| number < 0.0)
            {
                let message = format!("services.{}.{what}: must be greater than or equal to 0", self.name);
                let span = self.session.tree.span(node);
                self.session.error("compose::negative-scale", span, message);
            }
        }
        // A scale is also the number of replicas, where replicas are spoken of at all.
        if let (Some(scale), Some(deploy)) = (scale, self.get(keys::DEPLOY))
            && self.session.tree.map(deploy).is_some()
            && replicas.is_none()
        {
            let origin = self.session.tree.origin(scale);
            let value = self.session.tree.value(scale).clone();
            let copy = self.session.tree.add(value, origin);
            self.session.tree.set(deploy, keys::REPLICAS, origin.span, copy);
        }
    }

    fn container_name(&mut self) {
        let Some(container_name) = self.get(keys::CONTAINER_NAME) else { return };
        if self.session.tree.str(container_name) == Some("") {
            return;
        }
        let (node, attribute) = match (self.deep(&[keys::SCALE]), self.deep(&[keys::DEPLOY, keys::REPLICAS]))
        {
            (Some(scale), _) => (scale, "scale"),
            (None, Some(replicas)) => (replicas, "deploy.replicas"),
            _ => return,
        };
        if self.number(Some(node)).is_none_or(|number| number <= 1.0) {
            return;
        }
        // The reference swaps the two names in its message; so do we.
        let message = format!(
            "services.{attribute}: can't set container_name and {} as container name must be unique",
            self.name
        );
        let span = self.session.tree.span(container_name);
        let related = self.session.tree.span(node);
        let diagnostic = self
            .push("compose::container-name", span, &message)
            .with_related(related, "more than one container")
            .with_help("remove `container_name`, so that each container gets a name of its own");
        self.session.diagnostics.push(diagnostic);
    }

    fn watch(&mut self) {
        let Some(develop) = self.get(keys::DEVELOP) else { return };
        for watch in self.items(develop, keys::WATCH) {
            let action = self.str(watch, keys::ACTION);
            if matches!(action, "rebuild" | "restart") || !self.str(watch, keys::TARGET).is_empty() {
                continue;
            }
            let message =
                format!("services.{}.develop.watch: target is required for {action} action", self.name);
            let message = if action == "restart" {
                message
            } else {
                format!("services.{}.develop.watch: target is required for non-rebuild actions", self.name)
            };
            let span = self.session.tree.span(watch);
            self.error(
                "compose::watch-target",
                span,
                &message,
                "say where in the container the files go: `target: /path`",
            );
        }
    }

    /// Two mounts cannot have one target. The reference does not look at configs and secrets.
    fn mounts(&mut self) {
        let mut targets: HashMap<String, (String, Span)> = HashMap::new();
        let service = self.service.value;
        let mut all: Vec<(String, String, Span)> = Vec::new();
        for (at, item) in self.items(service, keys::VOLUMES).into_iter().enumerate() {
            let target = self.str(item, keys::TARGET).to_owned();
            all.push((format!("services.{}.volumes[{at}]", self.name), target, self.session.tree.span(item)));
        }
        for (at, item) in self.items(service, keys::TMPFS).into_iter().enumerate() {
            let target =
                self.session.tree.str(item).unwrap_or_default().split(':').next().unwrap_or_default();
            all.push((
                format!("services.{}.tmpfs[{at}]", self.name),
                target.to_owned(),
                self.session.tree.span(item),
            ));
        }
        for (place, target, span) in all {
            if let Some((first, first_span)) = targets.get(&target) {
                let diagnostic = Diagnostic::error(
                    Code("compose::duplicate-mount"),
                    format!("{place}: target {target} already mounted as {first}"),
                )
                .with_label(span, "the same target")
                .with_related(*first_span, "mounted here first")
                .with_help("remove one of the two, or mount it elsewhere");
                self.session.diagnostics.push(diagnostic);
            } else {
                targets.insert(target, (place, span));
            }
        }
    }
}

fn secrets(session: &mut Session<'_>, root: NodeId) {
    let Some(secrets) = session.tree.get(root, keys::SECRETS) else { return };
    for secret in session.tree.entries(secrets).to_vec() {
        let tree = &session.tree;
        if tree.map(secret.value).is_none() {
            continue;
        }
        let external = tree.get(secret.value, keys::EXTERNAL);
        let set = |key| tree.get_str(secret.value, key).is_some_and(|text| !text.is_empty());
        if external.is_some_and(|node| matches!(tree.value(node), Value::Bool(true)))
            || set(keys::FILE)
            || set(keys::ENVIRONMENT)
        {
            continue;
        }
        let name = tree.key_str(secret.key);
        let message =
            format!("secret {name:?} must declare either `file` or `environment`: invalid compose project");
        session.diagnostics.push(
            Diagnostic::error(Code("compose::no-source"), message)
                .with_span(secret.key_span)
                .with_help("name the file: `file: ./path`"),
        );
    }
}

/// No two containers can have one name.
pub(crate) fn container_names(session: &mut Session<'_>, services: NodeId) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    let mut entries = session.tree.entries(services).to_vec();
    entries.sort_unstable_by_key(|entry| session.tree.key_str(entry.key));
    for service in entries {
        let Some(node) = session.tree.get(service.value, keys::CONTAINER_NAME) else { continue };
        let Some(name) = session.tree.str(node).filter(|name| !name.is_empty()).map(str::to_owned) else {
            continue;
        };
        let span = session.tree.span(node);
        if let Some(&first) = seen.get(&name) {
            // The braces and the quote at the end are the reference's.
            let message = format!(
                "services.{}: container name {name:?} is already in use by service {{}}\"",
                session.tree.key_str(service.key)
            );
            session.diagnostics.push(
                Diagnostic::error(Code("compose::container-name"), message)
                    .with_label(span, "the same name")
                    .with_related(first, "in use here")
                    .with_help("give each service a container name of its own, or none"),
            );
        } else {
            seen.insert(name, span);
        }
    }
}
