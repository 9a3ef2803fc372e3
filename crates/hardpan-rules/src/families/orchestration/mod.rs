//! HP-ORC and HP-CFG: how the project is put together and what it needs to start (RULES.md, section 1).

mod broken_profile_matrix;
mod feature_above_version_floor;
mod inputs;
mod modules;
mod raw;
mod second_entry_point;
mod shared_data_path;
mod state;
mod state_outside_data_root;
mod undocumented_input;
mod unregistered_module;
pub(crate) mod unresolvable_project;
mod unused_resource;
mod variable_without_value;
mod variables;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &unregistered_module::RULE,
    &second_entry_point::RULE,
    &unresolvable_project::RULE,
    &broken_profile_matrix::RULE,
    &undocumented_input::RULE,
    &feature_above_version_floor::RULE,
    &shared_data_path::RULE,
    &state_outside_data_root::RULE,
    &unused_resource::RULE,
    &variable_without_value::RULE,
];
