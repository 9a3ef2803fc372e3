//! What of the host a service mounts: bind mounts, and named volumes that are binds in disguise.

use hardpan_compose::{Hop, NodeRef, Value};
use hardpan_source::{Edit, Span};

use super::paths::clean;
use super::unset_variable;
use crate::{Mount, Place, Repair, Scope, Service};

/// A path of the host in a container.
pub(super) struct HostMount<'p> {
    /// The entry of `volumes` of the service.
    pub(super) mount: Mount<'p>,
    /// The path on the host, clean.
    pub(super) source: String,
    /// The path in the container, clean.
    pub(super) target: String,
    /// Whether it is mounted read-only.
    pub(super) read_only: bool,
    /// For a named volume with a `device`: the text of the device.
    pub(super) device: Option<NodeRef<'p>>,
}

impl<'p> HostMount<'p> {
    /// The variable without a value that leaves the path open.
    pub(super) fn unset(&self) -> Option<&'p str> {
        unset_variable(self.device.unwrap_or_else(|| written(self.mount.node, "source")))
    }

    /// The text that names the path of the host: the device of the volume, else the mount.
    pub(super) fn place(&self) -> Place {
        match self.device {
            Some(device) => device.into(),
            None => written(self.mount.node, "source").into(),
        }
    }
}

/// The text of an attribute of an entry, where it has one of its own; the short form has one text for all.
pub(super) fn written<'p>(entry: NodeRef<'p>, attribute: &str) -> NodeRef<'p> {
    match entry.get(attribute) {
        Some(value) if !is_implied(value) => value,
        _ => entry,
    }
}

/// The edit that adds an attribute to an entry in its long form, behind an attribute that it has. None where an anchor
/// or a template brings the entry, whose other users need not want it.
pub(super) fn add_attribute(
    scope: &Scope<'_>,
    entry: NodeRef<'_>,
    behind: &str,
    attribute: &str,
) -> Option<Repair> {
    let value = entry.get(behind)?;
    let (of_entry, of_value) = (entry.origin().span, value.origin().span);
    let is_inside =
        of_value.file == of_entry.file && of_entry.start < of_value.start && of_value.end <= of_entry.end;
    let is_shared = entry.hops().any(|hop| !matches!(hop, Hop::Variable { .. } | Hop::Overrides { .. }));
    if !is_inside || is_shared {
        return None;
    }
    let file = scope.files.file(of_entry.file);
    let before = &file.text()[..of_entry.start as usize];
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let is_flow = file.text()[of_entry.start as usize..].starts_with('{');
    let replacement =
        if is_flow { format!(", {attribute}") } else { format!("\n{}{attribute}", " ".repeat(column)) };
    let span = Span { start: of_value.end, ..of_value };
    Some(Repair::Edits(vec![Edit { span, replacement }]))
}

/// Whether the resolver added the value.
pub(super) fn is_implied(node: NodeRef<'_>) -> bool {
    node.hops().any(|hop| matches!(hop, Hop::Implied { .. }))
}

/// Everything of the host that the service mounts, in the order of its list.
pub(super) fn host_mounts<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
) -> impl Iterator<Item = HostMount<'p>> {
    service.mounts().filter_map(move |mount| match mount.kind {
        "bind" => {
            let source = mount.source?;
            let (source, target) = (clean(source), clean(mount.target));
            Some(HostMount { mount, source, target, read_only: mount.read_only, device: None })
        }
        "volume" => volume(scope, mount),
        _ => None,
    })
}

/// A named volume whose driver options bind a path of the host.
fn volume<'p>(scope: &Scope<'p>, mount: Mount<'p>) -> Option<HostMount<'p>> {
    let options = scope.resource("volumes", mount.source?)?.get("driver_opts")?;
    let device = options.get("device").filter(|device| device.as_str().is_some())?;
    let path = device.as_str().filter(|path| path.starts_with('/'))?;
    let flags = options.get("o").and_then(NodeRef::as_str).unwrap_or_default();
    let has = |flag: &str| flags.split(',').any(|one| one.trim() == flag);
    // A file system of its own, such as `type: nfs` or an `ext4` device, is no path of the host.
    if !has("bind") && !has("rbind") {
        return None;
    }
    Some(HostMount {
        mount,
        source: clean(path),
        target: clean(mount.target),
        read_only: mount.read_only || has("ro"),
        device: Some(device),
    })
}

/// Whether `bind.propagation` sends mounts back to the host.
pub(super) fn shared_propagation<'p>(mount: &Mount<'p>) -> Option<NodeRef<'p>> {
    mount
        .node
        .get("bind")?
        .get("propagation")
        .filter(|node| matches!(node.value(), Value::Str(text) if matches!(&**text, "shared" | "rshared")))
}
