# Recipes for people, one line each. Anything with logic is Rust in xtask; `cargo xtask` lists it.

[private]
default:
    @just --list --unsorted

# Format everything
fmt:
    cargo fmt --all

# Clippy over everything, warnings are errors
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# The tests; arguments go to `cargo test`
test *ARGUMENTS:
    cargo xtask test {{ARGUMENTS}}

# Only the differential tests against the reference docker-compose
diff:
    cargo xtask test differential

# Regenerate pages that are written from code
gen:
    cargo xtask gen

# Fail when a generated page is stale
gen-check:
    cargo xtask gen-check

# House rules: notes, sizes, links, paths
tidy:
    cargo xtask tidy

# Allowed dependency directions
arrows:
    cargo xtask arrows

# Licences, bans, duplicates, sources
deny:
    cargo xtask deny

# CPU and peak memory beside the reference
bench:
    cargo xtask bench config

# Fuzz one target, 15 minutes unless told otherwise
fuzz TARGET MINUTES="15":
    cargo xtask fuzz --minutes {{MINUTES}} {{TARGET}}

# The exchange in one thread from a seed, step by step
sim SEED:
    cargo xtask sim --seed {{SEED}} --verbose

# Many seeds, for so many minutes
sim-soak MINUTES="10":
    cargo xtask sim --minutes {{MINUTES}}

# What CI runs, in order
ci:
    cargo xtask ci
