//! HP-SEC-007: the program runs as root inside the container.

use super::image::Image;
use super::unset_variable;
use crate::builds::ImageSource;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/root-user/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-007",
    name: "root-user",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 004, section 4", "CIS Docker 1.6.0, 4.1"],
    doc: include_str!("../../../rules/root-user/doc.md"),
    check,
};

const HELP: &str =
    "set `user` to a numeric id such as `10001:10001`, and give it the folders that it writes to";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in super::containers(scope, verdicts) {
        let Some(user) = service.get("user") else {
            from_image(scope, service, verdicts);
            continue;
        };
        let text = match user.value() {
            hardpan_compose::Value::Int(number) => number.to_string(),
            _ => user.as_str().unwrap_or_default().to_owned(),
        };
        match (class(&text), unset_variable(user)) {
            (_, Some(variable)) if name_of(&text).is_empty() => {
                verdicts.unknown(
                    service,
                    user,
                    format!("the user depends on `{variable}`, which is not set"),
                );
            }
            (User::Root, _) => {
                verdicts.violation(service, user, format!("runs as root: user is `{text}`")).help(HELP);
            }
            (User::Other, _) => verdicts.satisfied(service),
            (User::Unsaid, _) => from_image(scope, service, verdicts),
        }
    }
}

/// Without `user` the image decides: the Dockerfile, where the project builds it.
fn from_image(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    let build = match scope.image_source(service) {
        ImageSource::Registry => return no_user(service, verdicts),
        ImageSource::Elsewhere => {
            verdicts.unknown(service, service, "names no user, and its Dockerfile is not at hand").help(HELP);
            return;
        }
        ImageSource::Built(build) => build,
    };
    let image = &build.image;
    if let Some(user) = &image.user {
        let span = build.span(&user.range);
        match class(&user.value.text) {
            User::Root if user.value.unresolved.is_empty() => {
                verdicts
                    .violation(service, span, "runs as root: the last `USER` of its Dockerfile is root")
                    .help("end the final stage with a user other than root, or set `user` in the service");
            }
            User::Other if user.value.unresolved.is_empty() => verdicts.satisfied(service),
            _ => {
                verdicts.unknown(service, span, "the user is a build argument without a value").help(HELP);
            }
        }
        return;
    }
    // Images for this purpose say so in their tag.
    if image.base.unresolved.is_empty() && image.base.text.contains("nonroot") {
        return verdicts.satisfied(service);
    }
    if !image.base.unresolved.is_empty() || !is_root_image(&image.base.text) || changes_user(build.text()) {
        return no_user(service, verdicts);
    }
    verdicts
        .violation(
            service,
            service,
            format!("runs as root: its Dockerfile names no user, and neither does `{}`", image.base.text),
        )
        .related(build.span(&image.base_range), "the image that it is built on runs as root")
        .help("end the Dockerfile with `USER 10001:10001`, or set `user` in the service");
}

/// Whether the image has a program that a start script changes the user with.
fn changes_user(text: &str) -> bool {
    ["gosu", "su-exec", "setpriv", "runuser", "s6-setuidgid", "s6-overlay", "PUID"]
        .iter()
        .any(|program| text.contains(program))
}

fn no_user(service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    verdicts.unknown(service, service, "names no user: whether it runs as root its image decides").help(HELP);
}

enum User {
    Root,
    Other,
    /// No user before the colon.
    Unsaid,
}

/// The part before the group.
fn name_of(text: &str) -> &str {
    text.split(':').next().unwrap_or_default().trim()
}

fn class(text: &str) -> User {
    match name_of(text) {
        "" => User::Unsaid,
        "root" => User::Root,
        digits if digits.bytes().all(|byte| byte == b'0') => User::Root,
        _ => User::Other,
    }
}

/// Images to build on whose own user is root.
fn is_root_image(reference: &str) -> bool {
    const OFFICIAL: [&str; 43] = [
        "almalinux",
        "alpine",
        "amazoncorretto",
        "amazonlinux",
        "archlinux",
        "bash",
        "buildpack-deps",
        "busybox",
        "caddy",
        "centos",
        "clojure",
        "composer",
        "debian",
        "docker",
        "eclipse-temurin",
        "elixir",
        "erlang",
        "fedora",
        "gcc",
        "golang",
        "gradle",
        "haskell",
        "httpd",
        "ibmjava",
        "julia",
        "maven",
        "nginx",
        "node",
        "openjdk",
        "oraclelinux",
        "perl",
        "php",
        "pypy",
        "python",
        "r-base",
        "rockylinux",
        "ruby",
        "rust",
        "sapmachine",
        "scratch",
        "swift",
        "tomcat",
        "ubuntu",
    ];
    let image = Image::parse(reference);
    match image.repository.split_once('/') {
        None => OFFICIAL.contains(&image.repository),
        Some(("distroless", _)) => {
            !image.tag.is_some_and(|tag| tag.contains("nonroot")) && !reference.contains("nonroot")
        }
        Some(("nvidia", name)) => name == "cuda",
        Some(("dotnet", _)) => !image.tag.is_some_and(|tag| tag.contains("chiseled")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_root_image;

    #[test]
    fn images_to_build_on() {
        for image in
            ["scratch", "docker.io/library/debian:12-slim", "gcr.io/distroless/cc-debian12", "node:22"]
        {
            assert!(is_root_image(image), "{image}");
        }
        for image in ["gcr.io/distroless/cc-debian12:nonroot", "team/base", "postgres:17"] {
            assert!(!is_root_image(image), "{image}");
        }
    }
}
