//! Programs that share no code with the exchange, against a running one.

mod support;

use std::time::Duration;

use exchange_load::outsiders::{OpenApi, Rebuild, check_openapi, rebuild};

#[test]
fn a_book_rebuilt_by_an_ordinary_client_equals_the_queried_one() {
    let Some(python) = support::python("a book rebuilt by an ordinary client") else { return };
    let folder = tempfile::tempdir().unwrap();
    let venue = support::together(folder.path(), &[]);
    let plan = Rebuild {
        python,
        gateway: venue.gateway().unwrap(),
        traders: venue.open_accounts(8).unwrap(),
        time: Duration::from_secs(5),
        comparisons: 5,
        rate: 300.0,
    };
    println!("{}", rebuild(&plan).unwrap());
    venue.stop().unwrap();
}

#[test]
fn every_answer_is_as_the_document_says() {
    let Some(python) = support::python("schemathesis against the OpenAPI document") else { return };
    let folder = tempfile::tempdir().unwrap();
    let venue = support::together(folder.path(), &[]);
    let account = venue.open_accounts(1).unwrap()[0].account;
    for token in [venue.keys().operator_token().unwrap(), venue.keys().token(account).unwrap()] {
        let gateway = venue.gateway().unwrap();
        let plan = OpenApi { python: python.clone(), gateway, token, examples: 10, seed: 1 };
        println!("{}", check_openapi(&plan).unwrap());
    }
    venue.stop().unwrap();
}
