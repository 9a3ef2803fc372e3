//! A generated project of any size, the same bytes for the same size.
//!
//! Each service does what services of real projects do to a loader: it extends a template in a shared file, merges an
//! anchor, reads an env_file and uses ten variables. Ten services share one included file.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Services per included file.
const PER_FILE: usize = 10;

const TEMPLATES: &str = "\
services:
  template-app:
    init: true
    restart: unless-stopped
    read_only: true
    cap_drop: [ALL]
    security_opt: [\"no-new-privileges:true\"]
    mem_limit: 256m
    cpus: 0.5
    pids_limit: 200
    stop_grace_period: 30s
    logging:
      driver: json-file
      options: {max-size: 10m, max-file: \"3\"}
    labels:
      org.example.template: app
    environment:
      TZ: UTC
    healthcheck:
      test: [CMD, /bin/app, --health]
      interval: 15s
      timeout: 3s
      retries: 5
";

const VARIABLES: &str = "\
REGISTRY=registry.example
APP_VERSION=1.4.2
LOG_LEVEL=info
REGION=north-1
DATA_ROOT=./data
DATABASE_HOST=db.internal
DATABASE_USER=app
QUEUE_HOST=queue.internal
CACHE_TTL=30s
";

/// Writes the project of `services` services into `folder`, over whatever an earlier run left there.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path, services: usize) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    let put = |name: String, text: &str| -> Result<()> {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    let files = services.div_ceil(PER_FILE);
    let mut root = String::from("name: bench\n\ninclude:\n");
    for file in 0..files {
        writeln!(root, "  - modules/{file:04}/compose.yml").context("formatting the root file")?;
        let first = file * PER_FILE;
        let last = services.min(first + PER_FILE);
        put(format!("modules/{file:04}/compose.yml"), &module(first, last))?;
        put(
            format!("modules/{file:04}/app.env"),
            &format!("MODULE={file}\nGREETING=\"module ${{REGION}}\"\n"),
        )?;
    }
    put("compose.yml".into(), &root)?;
    put(".env".into(), VARIABLES)?;
    put("shared/templates.yml".into(), TEMPLATES)
}

fn module(first: usize, last: usize) -> String {
    let mut text = String::from(
        "x-environment: &environment\n  FORMAT: json\n  SHUTDOWN_SECONDS: 20\n  TRACE_RATE: 0.1\n\nservices:\n",
    );
    for service in first..last {
        text.push_str(&one_service(service, service > first));
    }
    text.push_str("\nvolumes:\n");
    for service in first..last {
        text.push_str(&format!("  state-{service:05}: {{}}\n"));
    }
    text
}

/// A service with ten variables: three in its image and command, five in its environment, one in a path, one in a port.
fn one_service(number: usize, has_neighbour: bool) -> String {
    let mut text = format!(
        r#"  app-{number:05}:
    extends:
      file: ../../shared/templates.yml
      service: template-app
    image: ${{REGISTRY}}/app-{number:05}:${{APP_VERSION:-latest}}
    command: [/bin/app, --level, "${{LOG_LEVEL}}"]
    env_file: [app.env]
    environment:
      <<: *environment
      SERVICE: app-{number:05}
      REGION: ${{REGION:?the region must be set}}
      DATABASE: postgres://${{DATABASE_USER}}@${{DATABASE_HOST}}/app{number}
      QUEUE: ${{QUEUE_HOST}}:5672
      CACHE_TTL: ${{CACHE_TTL:-60s}}
    ports:
      - "127.0.0.1:${{PORT_BASE:-2}}{number:04}:8080"
    volumes:
      - state-{number:05}:/var/lib/app
      - ${{DATA_ROOT}}/app-{number:05}:/data:ro
"#
    );
    if has_neighbour {
        text.push_str(&format!(
            "    depends_on:\n      app-{:05}:\n        condition: service_healthy\n",
            number - 1
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_uses_ten_variables() {
        assert_eq!(one_service(7, false).matches("${").count(), 10);
    }
}
