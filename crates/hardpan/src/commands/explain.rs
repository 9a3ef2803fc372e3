//! `hardpan explain`: the page of a rule or of a requirement.

use hardpan_diag::Exit;
use hardpan_report::Page;

use crate::print;

pub(crate) fn run(id: Option<&str>) -> anyhow::Result<Exit> {
    let Some(id) = id else {
        print::to_stdout(&hardpan_report::list())?;
        return Ok(Exit::Clean);
    };
    match hardpan_report::explain(id) {
        Page::Found(text) => {
            print::to_stdout(&text)?;
            Ok(Exit::Clean)
        }
        Page::Unknown { near, alike } => {
            print::line_to_stderr(&format!("error: no rule and no requirement is called `{id}`"));
            if let Some(near) = near {
                print::line_to_stderr(&format!("help: did you mean `{near}`?"));
            } else if alike.is_empty() {
                print::line_to_stderr("help: `hardpan explain` lists all rules");
            }
            for (code, name) in alike {
                print::line_to_stderr(&format!("help: there is `{code}` {name}"));
            }
            Ok(Exit::Input)
        }
    }
}
