//! What bad input gets: the reference's decision, the place of the mistake, bounded time and memory, and never a panic.
//!
//! Each case writes a project into a folder of its own and runs the program on it. The expectations are what Docker
//! Compose 2.40.3 decides; where it hangs or runs out of memory instead (bombs, very long chains), ours is a limit.
//!
//! Builds without optimisation leave out the slowest cases and say so; `cargo test --release --test hostile` runs them.
//! `HARDPAN_HOSTILE=all` runs everything in any build, files of 60 MB and 50,000 included ones as well.

#![cfg(unix)]

#[path = "hostile/inputs.rs"]
mod inputs;
#[path = "hostile/runner.rs"]
mod runner;

use inputs::{MANY, chain_of_includes, nested, rows};
use runner::{Case, is_root, skipped, wants_all};

#[test]
fn text_that_is_no_yaml() {
    let case = |name, text: &'static str| Case::new(name).file("compose.yaml", text);
    case("an empty file", "").refused("empty compose file");
    case("blank lines", "\n\n\n").refused("empty compose file");
    case("only comments", "# nothing\n").refused("empty compose file");
    case("a word", "hello\n").refused_at("must be a mapping", "compose.yaml:1:1");
    case("an unclosed quote", "services: {a: {image: \"x}}\n")
        .refused_at("unexpected end of stream", "compose.yaml:1:23");
    case("an unclosed bracket", "services: {a: {image: x}\n").refused_at("',' or '}'", "compose.yaml:1:11");
    case("a missing colon", "services:\n  a:\n    image x\n    command: y\n")
        .refused_at("yaml: ", "compose.yaml:4:12");
    case("wrong indentation", "services:\n    a:\n      image: x\n   b:\n      image: x\n")
        .refused_at("yaml: ", "compose.yaml:4:4");
    case("a key twice", "services:\n  a: {image: x}\n  a: {image: y}\n")
        .refused_at("already defined at line 2", "compose.yaml:3:3");
    case("an unknown anchor", "x-a: *b\nservices: {a: {image: x}}\n")
        .refused_at("unknown anchor", "compose.yaml:1:6");
    case("a number as a key", "services: {a: {image: x}}\n1: x\n")
        .refused_at("non-string key", "compose.yaml:2:1");
    case("a mapping as a key", "services: {a: {image: x}}\n{a: b}: x\n").refused_at("", "compose.yaml:2:1");
    case("a lone surrogate", "services: {a: {image: \"\\ud800\"}}\n")
        .refused_at("Unicode", "compose.yaml:1:26");
}

#[test]
fn pasted_merge_conflicts() {
    Case::new("conflict markers")
        .file(
            "compose.yaml",
            "services:\n<<<<<<< HEAD\n  a: {image: x}\n=======\n  a: {image: y}\n>>>>>>> b\n",
        )
        .refused_at("could not find expected ':'", "compose.yaml:2:1");
    Case::new("conflict markers in an env file")
        .file("compose.yaml", "services: {a: {image: x}}\n")
        .file(".env", "A=1\n<<<<<<< HEAD\nB=2\n")
        .refused_at("", ".env:2:1");
}

#[test]
fn unusual_bytes() {
    let good = "services: {a: {image: x}}\n";
    let case = |name, bytes: &[u8]| Case::new(name).file("compose.yaml", bytes);
    case("carriage returns", b"services:\r\n  a:\r\n    image: x\r\n").accepted();
    case("a byte order mark", b"\xEF\xBB\xBFservices: {a: {image: x}}\n").accepted();
    case("a tab between key and value", b"services:\n  a:\n    image:\tx\n").accepted();
    case("tabs as indentation", b"services:\n\ta:\n\t\timage: x\n")
        .refused_at("cannot start any token", "compose.yaml:2:1");
    case("NUL", b"services:\n  a: {image: x\0y}\n").refused_at("control characters", "compose.yaml:2:15");
    case("BEL", b"services: {a: {image: \"x\x07\"}}\n").refused_at("control characters", "compose.yaml:1:25");
    case("invalid UTF-8", b"services:\n  a: {image: \"\xFF\xFE\"}\n")
        .refused_at("UTF-8", "compose.yaml:2:15");
    case("half of a character", b"services: {a: {image: \xE2\x82\n").refused_at("UTF-8", "compose.yaml:1:23");
    Case::new("UTF-16").file("compose.yaml", inputs::utf16(good)).accepted();
    Case::new("invalid UTF-8 in .env").file("compose.yaml", good).file(".env", b"A=\xFF\n").accepted();
    Case::new("NUL in .env").file("compose.yaml", good).file(".env", b"A=\0\n").accepted();
}

#[test]
fn files_that_cannot_be_read() {
    let good = "services: {a: {image: x}}\n";
    Case::new("no file").file("other.txt", good).refused("no such file");
    Case::new("a directory for a file").folder("compose.yaml").refused("is a directory");
    Case::new("an included directory")
        .file("compose.yaml", "include: [d]\nservices: {a: {image: x}}\n")
        .folder("d")
        .refused_at("is a directory", "compose.yaml:1:11");
    Case::new("an included file that is missing")
        .file("compose.yaml", "services: {a: {image: x}}\ninclude:\n  - gone.yaml\n")
        .refused_at("no such file", "compose.yaml:3:5");
    Case::new("a template that is missing")
        .file("compose.yaml", "services:\n  a: {extends: {file: gone.yaml, service: b}}\n")
        .refused_at("no such file", "compose.yaml:2:23");
    Case::new("a missing env file")
        .file("compose.yaml", "services:\n  a:\n    image: x\n    env_file: gone.env\n")
        .refused_at("not found", "compose.yaml:4:15");
    Case::new("a directory for an env file")
        .file("compose.yaml", "services:\n  a:\n    image: x\n    env_file: d\n")
        .folder("d")
        .refused_at("is a directory", "compose.yaml:4:15");
    Case::new("a directory named .env").file("compose.yaml", good).folder(".env").accepted();
    Case::new("a link to nothing").link("compose.yaml", "gone").refused("no such file");
    Case::new("a link to itself").link("compose.yaml", "compose.yaml").refused("");
    if is_root() {
        skipped("hostile: files without permission, because root may read them all");
    } else {
        Case::new("no permission")
            .file("compose.yaml", good)
            .locked("compose.yaml")
            .refused("permission denied");
        Case::new("an included file without permission")
            .file("compose.yaml", "include: [o.yaml]\nservices: {a: {image: x}}\n")
            .file("o.yaml", good)
            .locked("o.yaml")
            .refused_at("permission denied", "compose.yaml:1:11");
    }
}

#[test]
fn values_that_do_not_fit() {
    let case = |name, text: &'static str| Case::new(name).file("compose.yaml", text);
    case("a date where text is needed", "services:\n  a:\n    image: 2020-01-01\n")
        .refused_at("", "compose.yaml:3:12");
    case("a date as a variable", "services:\n  a:\n    image: x\n    environment:\n      D: 2020-01-01\n")
        .refused_at("", "compose.yaml:5:10");
    case("a required variable", "services:\n  a:\n    image: ${V:?needed}\n")
        .refused_at("needed", "compose.yaml:3:12");
    case("an empty service", "services:\n  a:\n").refused_at("must be a mapping", "compose.yaml:2:5");
    case("no services", "services:\n").refused_at("must be a mapping", "compose.yaml:1:10");
    Case::new("variables that define each other")
        .file("compose.yaml", "services: {a: {image: \"x${A}\"}}\n")
        .file(".env", "A=${B}\nB=${A}\n")
        .accepted();
    Case::new("a variable that doubles with each line")
        .file("compose.yaml", "services: {a: {image: x}}\n")
        .file(".env", format!("A=xxxxxxxxxx\n{}", "A=$A$A\n".repeat(100)))
        .refused("more than");
}

#[test]
fn cycles() {
    let service = "services: {a: {image: x}}\n";
    let case = |name, text: &'static str| Case::new(name).file("compose.yaml", text);
    case("a file that includes itself", "include: [compose.yaml]\nservices: {a: {image: x}}\n")
        .refused_at("include cycle", "compose.yaml:1:11");
    case("two files that include each other", "include: [o.yaml]\nservices: {a: {image: x}}\n")
        .file("o.yaml", "include:\n  - compose.yaml\n")
        .refused_at("include cycle", "o.yaml:2:5");
    case("an include through a link", "include: [o.yaml]\nservices: {a: {image: x}}\n")
        .link("o.yaml", "compose.yaml")
        .refused_at("include cycle", "o.yaml:1:11");
    case("a service that extends itself", "services:\n  a: {extends: a, image: x}\n")
        .refused_at("Circular reference", "compose.yaml:2:7");
    case("two services that extend each other", "services:\n  a: {extends: b}\n  b: {extends: a}\n")
        .refused_at("Circular reference", "compose.yaml");
    case("two files that extend each other", "services: {a: {extends: {file: o.yaml, service: a}}}\n")
        .file("o.yaml", "services: {a: {extends: {file: compose.yaml, service: a}}}\n")
        .refused_at("Circular reference", "yaml:1:16");
    case("a template that is a link", "services: {a: {extends: {file: o.yaml, service: a}, image: x}}\n")
        .link("o.yaml", "compose.yaml")
        .refused_at("Circular reference", "yaml:1:16");
    case("a service that waits for itself", "services:\n  a: {image: x, depends_on: [a]}\n")
        .refused_at("dependency cycle", "compose.yaml:2:30");
    Case::new("an alias inside its anchor")
        .file("compose.yaml", format!("x-a: &a {{b: *a}}\n{service}"))
        .refused_at("cycle detected", "compose.yaml:1:13");
    Case::new("a merge inside its anchor")
        .file("compose.yaml", format!("x-a: &a {{<<: *a}}\n{service}"))
        .refused_at("cycle detected", "compose.yaml:1:14");
    let ring = rows(10_000, |i| format!("  s{i}: {{image: x, depends_on: [s{}]}}\n", (i + 1) % 10_000));
    Case::new("10,000 services that wait in a ring")
        .file("compose.yaml", format!("services:\n{ring}"))
        .refused_at("dependency cycle", "compose.yaml");
}

#[test]
fn bombs() {
    let service = "services: {a: {image: x}}\n";
    let levels = |line: fn(usize, usize) -> String| rows(30, |i| line(i + 1, i));
    let laughs = |name: &'static str, first: &str, line: fn(usize, usize) -> String| {
        let text = format!("{service}x-a0: &a0 {first}\n{}", levels(line));
        Case::new(name).file("compose.yaml", text).slow().refused_at("excessive aliasing", "compose.yaml");
    };
    laughs("aliases in lists", "[a, b]", |i, j| format!("x-a{i}: &a{i} [*a{j}, *a{j}]\n"));
    laughs("aliases in mappings", "{a: 1}", |i, j| format!("x-a{i}: &a{i} {{a: *a{j}, b: *a{j}}}\n"));
    laughs("aliases in merge keys", "{a: 1}", |i, j| {
        format!("x-a{i}: &a{i} {{<<: [*a{j}, *a{j}], k{i}: v}}\n")
    });
    let ten = |i: usize, j: usize| format!("x-a{i}: &a{i} [{}]\n", vec![format!("*a{j}"); 10].join(", "));
    Case::new("the classic, ten at a time")
        .file("compose.yaml", format!("{service}x-a0: &a0 [a]\n{}", rows(9, |i| ten(i + 1, i))))
        .refused_at("excessive aliasing", "compose.yaml");
    let long = "x".repeat(1_000_000);
    let users = rows(10_000, |i| format!("  s{i}: {{image: x, labels: {{a: *a}}}}\n"));
    Case::new("a long text, aliased often")
        .file("compose.yaml", format!("x-a: &a \"{long}\"\nservices:\n{users}"))
        .refused_at("larger than", "compose.yaml");
    let users = rows(10_000, |i| format!("  s{i}: {{extends: b}}\n"));
    Case::new("a long text, inherited often")
        .file("compose.yaml", format!("services:\n  b: {{image: x, labels: {{a: \"{long}\"}}}}\n{users}"))
        .refused_at("larger than", "compose.yaml");
    let users = rows(10_000, |i| format!("  s{i}: {{image: x, labels: {{a: \"$A\"}}}}\n"));
    Case::new("a long variable, used often")
        .file("compose.yaml", format!("services:\n{users}"))
        .file(".env", format!("A={long}\n"))
        .refused_at("larger than", "compose.yaml");
    let users = rows(1_000, |i| format!("  s{i}: {{image: x, ports: [\"1-65535:1-65535\"]}}\n"));
    Case::new("all ports, a thousand times")
        .file("compose.yaml", format!("services:\n{users}"))
        .slow()
        .refused_at("larger than", "compose.yaml");
    let mut diamond = Case::new("each file includes the next two")
        .file("compose.yaml", "include: [a0.yaml, b0.yaml]\nservices: {a: {image: x}}\n");
    for i in 0..40 {
        for side in ["a", "b"] {
            let next = format!("include: [a{}.yaml, b{}.yaml]\n", i + 1, i + 1);
            let text = if i == 39 { "services: {z: {image: x}}\n".to_owned() } else { next };
            diamond = diamond.file(&format!("{side}{i}.yaml"), text);
        }
    }
    diamond.slow().refused_at("projects are included", "yaml:1:");
}

#[test]
fn depth() {
    let service = "services: {a: {image: x}}\n";
    Case::new("9,990 brackets")
        .file("compose.yaml", format!("{service}{}", nested("[", "]", 9_990)))
        .accepted();
    Case::new("10,001 brackets")
        .file("compose.yaml", format!("{service}{}", nested("[", "]", 10_001)))
        .refused_at("exceeded max depth", "compose.yaml:2:");
    Case::new("100,000 brackets that close")
        .file("compose.yaml", format!("{service}{}", nested("[", "]", 100_000)))
        .refused_at("exceeded max depth", "compose.yaml:2:");
    Case::new("100,000 brackets that do not")
        .file("compose.yaml", format!("{service}x-a: {}", "[".repeat(100_000)))
        .refused_at("exceeded max depth", "compose.yaml:2:");
    Case::new("100,000 braces")
        .file("compose.yaml", format!("{service}{}", nested("{a: ", "}", 100_000)))
        .refused_at("exceeded max depth", "compose.yaml:2:");
    let block = rows(5_000, |i| format!("{}a:\n", " ".repeat(i + 1)));
    Case::new("5,000 indented levels").file("compose.yaml", format!("{service}x-a:\n{block}")).accepted();
    Case::new("9,990 dashes")
        .file("compose.yaml", format!("{service}x-a:\n {}a\n", "- ".repeat(9_990)))
        .accepted();
    Case::new("100,000 dashes")
        .file("compose.yaml", format!("{service}x-a:\n {}a\n", "- ".repeat(100_000)))
        .refused_at("exceeded max depth", "compose.yaml:3:");
    Case::new("variables nested 10,000 deep")
        .file(
            "compose.yaml",
            format!("services:\n  a:\n    image: \"{}x{}\"\n", "${U:-".repeat(10_000), "}".repeat(10_000)),
        )
        .refused_at("nest", "compose.yaml:3:12");
}

#[test]
fn chains() {
    let chain = rows(10_000, |i| format!("  s{i}: {{extends: s{}}}\n", i + 1));
    Case::new("10,000 services, each extending the next")
        .file("compose.yaml", format!("services:\n{chain}  s10000: {{image: x}}\n"))
        .accepted();
    let chain = rows(100_000, |i| format!("  s{i}: {{extends: s{}}}\n", i + 1));
    Case::new("100,000 services, each extending the next")
        .file("compose.yaml", format!("services:\n{chain}  s100000: {{image: x}}\n"))
        .slow()
        .refused_at("in a row", "compose.yaml");
    let chain = rows(10_000, |i| format!("  s{i}: {{image: x, depends_on: [s{}]}}\n", i + 1));
    Case::new("10,000 services, each waiting for the next")
        .file("compose.yaml", format!("services:\n{chain}  s10000: {{image: x}}\n"))
        .accepted();
    chain_of_includes(Case::new("400 files, each including the next"), 400).accepted();
    chain_of_includes(Case::new("2,000 files, each including the next"), 2_000)
        .refused_at("includes nest deeper", "yaml:1:");
}

#[test]
fn width() {
    let services = rows(100_000, |i| format!("  s{i}: {{image: x}}\n"));
    Case::new("100,000 services").file("compose.yaml", format!("services:\n{services}")).slow().accepted();
    let service = "services: {a: {image: x}}\n";
    let keys = rows(200_000, |i| format!("x-k{i}: 1\n"));
    Case::new("200,000 keys").file("compose.yaml", format!("{service}{keys}")).accepted();
    let keys = rows(MANY, |i| format!("z{i}: 1\n"));
    Case::new("many unknown keys")
        .file("compose.yaml", format!("{service}{keys}"))
        .refused_at("not allowed", "compose.yaml:2:1");
    let variables = rows(MANY, |i| format!("      K{i}: \"${{V{i}}}\"\n"));
    let others = rows(MANY, |i| format!("W{i}={i}\n"));
    Case::new("many unset variables beside many set ones")
        .file("compose.yaml", format!("services:\n  a:\n    image: x\n    environment:\n{variables}"))
        .file(".env", others)
        .accepted();
    let unset = rows(MANY, |i| format!("        K{i}:\n"));
    Case::new("many arguments without a value")
        .file("compose.yaml", format!("services:\n  a:\n    build:\n      args:\n{unset}"))
        .accepted();
    let users = rows(MANY, |i| format!("  s{i}: {{image: x, depends_on: [t{i}]}}\n"));
    Case::new("many undefined services")
        .file("compose.yaml", format!("services:\n{users}"))
        .refused_at("undefined service", "compose.yaml:2:");
    let users = rows(MANY, |i| format!("  s{i}: {{<<: *a, labels: *l}}\n"));
    Case::new("many aliases")
        .file("compose.yaml", format!("x-a: &a {{image: x}}\nx-l: &l {{a: b}}\nservices:\n{users}"))
        .accepted();
    let marks = rows(MANY, |i| format!("  s{i}: !reset null\n"));
    let given = rows(MANY, |i| format!("  s{i}: {{image: x}}\n"));
    Case::new("many resets")
        .file("compose.yaml", format!("services:\n  a: {{image: x}}\n{given}---\nservices:\n{marks}"))
        .accepted();
    let unused = rows(MANY, |i| format!("  n{i}:\n"));
    Case::new("many unused networks")
        .file("compose.yaml", format!("{service}networks:\n{unused}"))
        .accepted();
    let mut includes = Case::new("5,000 includes");
    for i in 0..5_000 {
        includes = includes.file(&format!("i/{i}.yaml"), format!("services: {{s{i}: {{image: x}}}}\n"));
    }
    let list = rows(5_000, |i| format!("  - i/{i}.yaml\n"));
    includes.file("compose.yaml", format!("{service}include:\n{list}")).accepted();
    let documents = rows(20_000, |i| format!("---\nservices: {{s{i}: {{image: x}}}}\n"));
    Case::new("20,000 documents")
        .file("compose.yaml", documents)
        .slow()
        .refused_at("documents in one file", "compose.yaml:4002:1");
}

#[test]
fn long_lines() {
    let long = "x".repeat(10_000_000);
    Case::new("a value of 10 MB")
        .file("compose.yaml", format!("services: {{a: {{image: x, labels: {{a: \"{long}\"}}}}}}\n"))
        .accepted();
    Case::new("a key of 2 MB")
        .file("compose.yaml", format!("services: {{a: {{image: x}}}}\n? x-{}\n: 1\n", &long[..2_000_000]))
        .accepted();
    let list = rows(200_000, |i| format!("{i}, "));
    Case::new("a list of 200,000 on one line")
        .file("compose.yaml", format!("services: {{a: {{image: x, x-l: [{list}]}}}}\n"))
        .accepted();
    let mistakes = rows(20_000, |i| format!("a{i}: {{imag: x}}, "));
    Case::new("20,000 mistakes on one line")
        .file("compose.yaml", format!("services: {{{mistakes}}}\n"))
        .slow()
        .refused_at("not allowed", "compose.yaml:1:");
    Case::new("50,000 references in one value")
        .file(
            "compose.yaml",
            format!("services: {{a: {{image: x, labels: {{a: \"{}\"}}}}}}\n", "${U:-x} ".repeat(50_000)),
        )
        .accepted();
    Case::new("50,000 references that begin nothing")
        .file(
            "compose.yaml",
            format!("services: {{a: {{image: x, labels: {{a: \"{}\"}}}}}}\n", "${ ".repeat(50_000)),
        )
        .refused_at("invalid interpolation format", "compose.yaml:1:");
}

#[test]
fn size() {
    Case::new("100 MB").sparse("compose.yaml", 100_000_000).refused("larger than 64 MiB");
    Case::new("an env file of 100 MB")
        .file("compose.yaml", "services: {a: {image: x}}\n")
        .sparse(".env", 100_000_000)
        .refused("too large");
    if !wants_all() {
        skipped("hostile: files of 60 MB, a million keys, 50,000 includes; HARDPAN_HOSTILE=all runs them");
        return;
    }
    let keys = rows(2_600_000, |i| format!("      KEY_{i}: \"{i}\"\n"));
    Case::new("60 MB of variables")
        .file("compose.yaml", format!("services:\n  a:\n    image: x\n    environment:\n{keys}"))
        .slow()
        .accepted();
    let services = rows(180_000, inputs::ordinary_service);
    Case::new("60 MB of services").file("compose.yaml", format!("services:\n{services}")).slow().accepted();
    Case::new("60 MB of items")
        .file("compose.yaml", format!("services: {{a: {{image: x}}}}\nx-a: [{}]\n", "a,".repeat(30_000_000)))
        .slow()
        .refused_at("more than 10000000 values", "compose.yaml:2:");
    let keys = rows(1_000_000, |i| format!("x-k{i}: 1\n"));
    Case::new("a million keys")
        .file("compose.yaml", format!("services: {{a: {{image: x}}}}\n{keys}"))
        .slow()
        .accepted();
    let mut includes = Case::new("50,000 includes");
    for i in 0..50_000 {
        includes = includes.file(&format!("i/{i}.yaml"), format!("services: {{s{i}: {{image: x}}}}\n"));
    }
    let list = rows(50_000, |i| format!("  - i/{i}.yaml\n"));
    includes
        .file("compose.yaml", format!("services: {{a: {{image: x}}}}\ninclude:\n{list}"))
        .slow()
        .accepted();
}
