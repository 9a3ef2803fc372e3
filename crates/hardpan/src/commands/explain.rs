//! `hardpan explain`: the page of a rule or of a requirement.

use hardpan_diag::Exit;
use hardpan_report::Page;

use crate::print;

pub(crate) fn run(id: &str) -> anyhow::Result<Exit> {
    match hardpan_report::explain(id) {
        Page::Found(text) => {
            print::to_stdout(&text)?;
            Ok(Exit::Clean)
        }
        Page::Unknown(near) => {
            print::line_to_stderr(&format!("error: no rule and no requirement is called `{id}`"));
            if let Some(near) = near {
                print::line_to_stderr(&format!("help: did you mean `{near}`?"));
            }
            Ok(Exit::Input)
        }
    }
}
