//! Fields of a body or parameters of a query: read one by one, and then nothing may be left.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::problem::{Code, FieldError, Problem};

/// How many fields an object may have. Ours have ten.
const FIELDS_MAX: usize = 32;

/// The longest name of a field that is said back.
const NAME_BYTES_MAX: usize = 64;

/// Named values, and what has been found wrong with them.
#[derive(Debug, Default)]
pub(in crate::api) struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
    errors: Vec<FieldError>,
    /// There were more than anybody would write.
    flooded: bool,
}

#[derive(Debug)]
enum Value<'a> {
    Text(Cow<'a, str>),
    /// Something else, and what it is.
    Other(&'static str),
}

impl<'a> Fields<'a> {
    /// The fields of a JSON object.
    ///
    /// # Errors
    /// Where it is not one.
    pub(in crate::api) fn of_json(bytes: &'a [u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes)
            .map_err(|error| Problem::new(Code::MALFORMED_JSON).detail(error.to_string()))
    }

    /// The parameters of a query.
    pub(in crate::api) fn of_query(query: Option<&'a str>) -> Self {
        let mut fields = Self::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode_percent(name), decode_percent(value)) else {
                fields.errors.push(FieldError::new("query", "expected UTF-8, percent-encoded"));
                continue;
            };
            fields.add(name, Value::Text(value));
        }
        fields
    }

    fn add(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        if self.entries.iter().any(|(other, _)| *other == name) {
            self.error(shown(&name), "it is there twice");
        } else if self.entries.len() >= FIELDS_MAX {
            self.flooded = true;
        } else {
            self.entries.push((name, value));
        }
    }

    /// A field that must be there. `None`: it is wrong, and that has been noted.
    pub(in crate::api) fn required<T, P: Into<Cow<'static, str>>>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, P>,
    ) -> Option<T> {
        if !self.entries.iter().any(|(other, _)| other == name) {
            self.error(name, "it is missing");
            return None;
        }
        self.optional(name, parse)
    }

    /// A field that may be there. `None`: it is not, or it is wrong, and that has been noted.
    pub(in crate::api) fn optional<T, P: Into<Cow<'static, str>>>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, P>,
    ) -> Option<T> {
        let at = self.entries.iter().position(|(other, _)| other == name)?;
        let (_, value) = self.entries.swap_remove(at);
        match value {
            Value::Other(kind) => {
                self.error(name, format!("expected a text, found {kind}"));
                None
            }
            Value::Text(text) => match parse(&text) {
                Ok(value) => Some(value),
                Err(problem) => {
                    self.error(name, problem);
                    None
                }
            },
        }
    }

    /// Whether a field is there and has not been read.
    pub(in crate::api) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(other, _)| other == name)
    }

    /// Notes that a field is wrong.
    pub(in crate::api) fn error(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) {
        self.errors.push(FieldError::new(name, problem));
    }

    /// The end of reading: nothing may be left, and nothing may be wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(in crate::api) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        for (name, _) in std::mem::take(&mut self.entries) {
            self.error(shown(&name), "there is no such field");
        }
        if self.flooded {
            self.error("", format!("expected at most {FIELDS_MAX} fields"));
        }
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            // A value is missing only where an error was noted.
            _ => Err(Problem::invalid(self.errors)),
        }
    }
}

/// A name as it is said back: not longer than anybody reads.
fn shown(name: &str) -> String {
    name.chars().take(NAME_BYTES_MAX).collect()
}

fn decode_percent(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, behind) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = behind;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields { entries: Vec::with_capacity(12), ..Fields::default() };
        while let Some(name) = map.next_key::<Value<'de>>()? {
            let value = map.next_value::<Value<'de>>()?;
            match name {
                Value::Text(name) => fields.add(name, value),
                Value::Other(_) => return Err(de::Error::custom("a name is no text")),
            }
        }
        Ok(fields)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Other("a truth value"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value<'de>, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Other("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Result<String, &'static str> {
        Ok(text.to_owned())
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let json = br#"{"a":"1","b":2,"c":null,"d":[1,{}],"e":{"x":[]},"f":true,"a":"again","odd":"x"}"#;
        let mut fields = Fields::of_json(json).unwrap();
        assert_eq!(fields.required("a", text).as_deref(), Some("1"));
        for name in ["b", "c", "d", "e", "f"] {
            assert_eq!(fields.optional(name, text), None);
        }
        fields.required("missing", text);
        let problem = fields.finish(Some(())).unwrap_err();
        let mut names: Vec<&str> = problem.fields.iter().map(|error| &*error.field).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f", "missing", "odd"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in
            ["", "[]", "1", "null", "\"a\"", "{", "{\"a\":1}x", "{\"a\":\"\\ud800\"}", "{1:2}", "\u{feff}{}"]
        {
            assert_eq!(Fields::of_json(json.as_bytes()).unwrap_err().code, Code::MALFORMED_JSON, "{json}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let fields = Fields::of_json(deep.as_bytes()).unwrap();
        assert!(fields.has("a"), "nothing recurses as deep as a client nests");
    }

    #[test]
    fn a_query_is_decoded() {
        let mut fields = Fields::of_query(Some("a=1%2C2+3&b&c=%C3%A4"));
        assert_eq!(fields.required("a", text).as_deref(), Some("1,2 3"));
        assert_eq!(fields.required("b", text).as_deref(), Some(""));
        assert_eq!(fields.required("c", text).as_deref(), Some("\u{e4}"));
        fields.finish(Some(())).unwrap();
        for broken in ["a=%", "a=%4", "a=%zz", "a=%+1", "%ff=1", "a=1&a=2"] {
            Fields::of_query(Some(broken)).finish(Some(())).unwrap_err();
        }
    }

    #[test]
    fn a_flood_of_fields_is_one_error() {
        let json: Vec<String> = (0..1_000).map(|at| format!("\"f{at}\":\"\"")).collect();
        let json = format!("{{{}}}", json.join(","));
        let problem = Fields::of_json(json.as_bytes()).unwrap().finish(Some(())).unwrap_err();
        assert_eq!(problem.fields.len(), FIELDS_MAX + 1);
    }
}
