//! Kafka from its Maven artifacts, and the Java that runs it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::place::Place;
use crate::{debian, process};

const JAVA_PACKAGE: &str = "openjdk-17-jre-headless";
/// The oldest that the broker runs on.
const JAVA_MIN: u32 = 17;
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The broker is a folder of archives for the class path, `kafka/libs`; `bin` gets the Java that runs it.
///
/// # Errors
/// When there is no Java or no Maven and neither can be installed, or when Maven cannot get the artifacts.
pub(super) fn provide(place: &Place, version: &'static str) -> Result<()> {
    place.fill(version, |folder| {
        let maven = match process::find_program("mvn") {
            Some(found) => found,
            None => {
                debian::install(&["maven"])?;
                process::find_program("mvn").context("apt installed a Maven without `mvn`")?
            }
        };
        let project = folder.join("pom.xml");
        fs::write(&project, project_file(version)).context("writing a project for Maven")?;
        let mut command = Command::new(maven);
        command.args(["--batch-mode", "--quiet", "--file"]).arg(&project).arg(PLUGIN);
        command.arg("-DincludeScope=runtime");
        command.arg(format!("-DoutputDirectory={}", folder.join("libs").display()));
        // It lives for seconds: what the second compiler would gain comes too late.
        command.env("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
        process::capture(&mut command).map(drop).context("getting the archives of Kafka")
    })?;
    java(place)
}

/// The broker with what it needs at run time, and a logger that writes to standard output.
fn project_file(version: &str) -> String {
    format!(
        "<project>
<modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
</dependencies>
</project>
"
    )
}

fn java(place: &Place) -> Result<()> {
    if let Some(found) = process::find_program("java")
        && is_new_enough(&found).is_ok_and(|enough| enough)
    {
        return place.link("java", &found);
    }
    debian::install(&[JAVA_PACKAGE])?;
    place.note_filled();
    let found = process::find_program("java").context("apt installed a package without `java`")?;
    if !is_new_enough(&found)? {
        bail!("{} is older than Java {JAVA_MIN}, although {JAVA_PACKAGE} is installed", found.display());
    }
    place.link("java", &found)
}

fn is_new_enough(java: &std::path::Path) -> Result<bool> {
    let text = process::capture(Command::new(java).arg("--version"))?;
    Ok(major(&text).is_some_and(|major| major >= JAVA_MIN))
}

/// The major version of `openjdk 17.0.15 2025-04-15`.
fn major(text: &str) -> Option<u32> {
    text.split_whitespace().nth(1)?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_of_java_is_the_first_number() {
        assert_eq!(major("openjdk 17.0.15 2025-04-15\nOpenJDK Runtime"), Some(17));
        assert_eq!(major("openjdk 25 2025-09-16"), Some(25));
        assert_eq!(major("java version unknown"), None);
    }
}
