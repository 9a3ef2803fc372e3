//! XML as S3 speaks it: elements and text, nothing else.
//!
//! Not responsible for what elements mean. A newcomer needs to know one thing: attributes, comments and namespaces are passed
//! over, and whoever reads asks for local names.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::{BytesRef, Event};

/// No answer of S3 is deeper than a third of it.
const DEPTH_MAX: usize = 32;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name without a prefix.
    pub(super) name: String,
    /// The text in it, without that of its children.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of a name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Reads a document.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let closed = match event {
            Event::Start(start) => {
                if open.len() == DEPTH_MAX {
                    return Err(format!("deeper than {DEPTH_MAX} elements"));
                }
                open.push(element(start.local_name().as_ref()));
                None
            }
            Event::Empty(start) => Some(element(start.local_name().as_ref())),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                add(&mut open, &text.xml10_content());
                None
            }
            Event::CData(text) => {
                add(&mut open, &text.xml10_content());
                None
            }
            Event::GeneralRef(reference) => {
                let text = resolve(&reference)?;
                add(&mut open, &text);
                None
            }
            Event::DocType(_) => return Err("a document type, which S3 has not".to_owned()),
            Event::Eof => return Err("it ends too early".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
        };
        if let Some(closed) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(closed),
                None => return Ok(closed),
            }
        }
    }
}

fn element(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(last) = open.last_mut() {
        last.text.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    let text = resolve_xml_entity(&name).ok_or_else(|| format!("the unknown entity {name}"))?;
    Ok(text.to_owned())
}

/// Writes a document that begins with an element in S3's name space.
pub(super) fn document(root: &str, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer(format!("<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"));
    write(&mut writer);
    writer.0.push_str("</");
    writer.0.push_str(root);
    writer.0.push('>');
    writer.0.into_bytes()
}

/// Writes elements. Names are constants of this crate; texts are escaped.
pub(super) struct Writer(String);

impl Writer {
    /// An element with children.
    pub(super) fn element(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        write(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |writer| writer.0.push_str(&escape(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let hostile = "a<b> & \"c\" 'd' ]]> é \u{1f980}";
        let bytes = document("Tagging", |xml| {
            xml.element("TagSet", |xml| {
                xml.element("Tag", |xml| {
                    xml.text("Key", hostile);
                    xml.text("Value", "");
                });
            });
        });
        let read = parse(&bytes).expect("well-formed");
        let tag = read.child("TagSet").and_then(|set| set.child("Tag")).expect("a tag");
        assert_eq!((tag.text_of("Key"), tag.text_of("Value")), (Some(hostile), Some("")));
    }

    #[test]
    fn prefixes_comments_sections_and_character_references_are_understood() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c --><a:A x='1'> <b>1&#x41;<![CDATA[<&>]]>&amp;</b><c/><b>2</b></a:A>";
        let read = parse(text.as_bytes()).expect("well-formed");
        let texts: Vec<&str> = read.all("b").map(|child| child.text.as_str()).collect();
        assert_eq!((read.name.as_str(), texts.as_slice()), ("A", ["1A<&>&", "2"].as_slice()));
        assert!(read.child("c").is_some_and(|c| c.text.is_empty()));
    }

    #[test]
    fn what_is_not_xml_or_too_deep_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        for text in ["", "text", "<a>", "<a></b>", "<a>&b;</a>", &deep, bomb, "<a", "<a>&#xffffffff;</a>"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"<a>\xff</a>").is_err());
    }
}
