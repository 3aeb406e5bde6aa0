//! How the fields of a fact are written and read one by one, and the macro that turns a table of fields into code.
//!
//! Invariant: a field is either structured, and stays, or belongs to the payload, and goes when the payload is dropped.
//! Free text (what people or the document wrote, what commands printed) is always payload. Refuses to know: the syntax of
//! the file.

use super::words::Word;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where the fields of a fact are written, in the order in which they stand in the record.
pub(crate) trait FieldWriter {
    /// Why a field could not be written.
    type Error;

    /// Writes a structured field.
    fn write_field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Self::Error>;

    /// Writes a text of the payload.
    fn write_text(&mut self, name: &str, text: &str) -> Result<(), Self::Error>;

    /// Writes a list of texts of the payload.
    fn write_texts(&mut self, name: &str, texts: &[String]) -> Result<(), Self::Error>;

    /// Writes a structure that belongs to the payload.
    fn write_structure<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), Self::Error>;

    /// Writes bytes of the payload: under `name` if they can be a text, otherwise in hexadecimal under `hex_name`.
    fn write_bytes(&mut self, name: &str, hex_name: &str, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Writes a field of a fact of an unknown kind, or its whole payload under the name `payload`. Both are JSON already.
    fn write_verbatim(&mut self, name: &str, json: &str) -> Result<(), Self::Error>;

    /// Writes a structured field, and leaves it out when there is no value.
    fn write_optional<T: Serialize>(&mut self, name: &str, value: Option<&T>) -> Result<(), Self::Error> {
        value.map_or(Ok(()), |value| self.write_field(name, value))
    }

    /// Writes a text of the payload, and leaves it out when there is none.
    fn write_optional_text(&mut self, name: &str, text: Option<&str>) -> Result<(), Self::Error> {
        text.map_or(Ok(()), |text| self.write_text(name, text))
    }

    /// Writes the word of an enumeration.
    fn write_word(&mut self, name: &str, value: impl Word) -> Result<(), Self::Error> {
        self.write_field(name, value.as_word())
    }

    /// Writes a time in milliseconds, and leaves it out when there is none.
    fn write_optional_time(&mut self, name: &str, time: Option<Timestamp>) -> Result<(), Self::Error> {
        time.map_or(Ok(()), |time| self.write_field(name, &format!("{time:.3}")))
    }
}

/// A value is missing, or not of the type this version knows.
pub(crate) struct Unreadable;

/// A value that was read, if it could be.
pub(crate) type Read<T> = Result<T, Unreadable>;

/// Where the fields of a fact are read from, by name and in any order. A text may be read only once.
pub(crate) trait FieldReader {
    /// Reads a structured field; none when it is missing or null.
    fn read_optional<T: DeserializeOwned>(&self, name: &str) -> Read<Option<T>>;

    /// Reads a structured field that is a string.
    fn read_keyword(&self, name: &str) -> Read<&str>;

    /// Reads a text of the payload; `[redacted]` when the payload was dropped.
    fn read_text(&mut self, name: &str) -> Read<String>;

    /// Reads a text of the payload; none when it is missing or the payload was dropped.
    fn read_optional_text(&mut self, name: &str) -> Read<Option<String>>;

    /// Reads a text of the payload; empty when the payload was dropped.
    fn read_text_or_empty(&mut self, name: &str) -> Read<String>;

    /// Reads a structure of the payload; its default when the payload was dropped.
    fn read_structure<T: DeserializeOwned + Default>(&self, name: &str) -> Read<T>;

    /// Reads what [`FieldWriter::write_bytes`] wrote; none when it is missing or the payload was dropped.
    fn read_bytes(&mut self, name: &str, hex_name: &str) -> Read<Option<Vec<u8>>>;

    /// Reads a structured field that must be there.
    fn read_field<T: DeserializeOwned>(&self, name: &str) -> Read<T> {
        self.read_optional(name)?.ok_or(Unreadable)
    }

    /// Reads the word of an enumeration.
    fn read_word<T: Word>(&self, name: &str) -> Read<T> {
        T::from_word(self.read_keyword(name)?).ok_or(Unreadable)
    }

    /// Reads a time; none when it is missing.
    fn read_optional_time(&self, name: &str) -> Read<Option<Timestamp>> {
        let time: Option<String> = self.read_optional(name)?;
        time.map(|time| time.parse().map_err(|_| Unreadable)).transpose()
    }
}

/// A fact, or a part of one, as a sequence of named fields.
pub(crate) trait Fields: Sized {
    /// Writes all fields.
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error>;

    /// Reads all fields back.
    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self>;
}

impl<T: Fields> Fields for Box<T> {
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        (**self).write_fields(to)
    }

    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
        T::read_fields(from).map(Self::new)
    }
}

/// Implements [`Fields`] and [`Texts`](super::texts::Texts) for a struct from its list of fields.
///
/// Each line is `name: mark`, in the order of the record. The mark says how the field is recorded:
///
/// | mark | structured | |
/// |---|---|---|
/// | `field` | yes | always there |
/// | `optional` | yes | left out when there is none |
/// | `defaulted` | yes | always written; empty when an old journal lacks it |
/// | `word` | yes | one word of [`words`](super::words) |
/// | `optional_time` | yes | in milliseconds, left out when there is none |
/// | `text`, `texts`, `optional_text`, `structure` | no: payload | gone when the payload is dropped |
/// | `part` | | a struct whose own fields stand here |
///
/// `= "…"` gives another name in the record. `unmasked` at the end keeps the masker away from the field's texts; the line
/// above it says why that is safe.
macro_rules! record {
    ($type:ident { $($field:ident: $mark:ident $(= $name:literal)? $($unmasked:ident)?),* $(,)? }) => {
        impl Fields for $type {
            fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
                $(record!(@write $mark, to, record!(@name $field $($name)?), self.$field)?;)*
                Ok(())
            }

            fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
                Ok(Self { $($field: record!(@read $mark, from, record!(@name $field $($name)?))),* })
            }
        }

        impl Texts for $type {
            fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
                $(record!(@rewrite self.$field, rewrite $(, $unmasked)?);)*
            }
        }
    };

    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };

    (@write field, $to:ident, $name:expr, $value:expr) => { $to.write_field($name, &$value) };
    (@write optional, $to:ident, $name:expr, $value:expr) => { $to.write_optional($name, $value.as_ref()) };
    (@write defaulted, $to:ident, $name:expr, $value:expr) => { $to.write_field($name, &$value) };
    (@write word, $to:ident, $name:expr, $value:expr) => { $to.write_word($name, $value) };
    (@write optional_time, $to:ident, $name:expr, $value:expr) => { $to.write_optional_time($name, $value) };
    (@write text, $to:ident, $name:expr, $value:expr) => { $to.write_text($name, &$value) };
    (@write texts, $to:ident, $name:expr, $value:expr) => { $to.write_texts($name, &$value) };
    (@write optional_text, $to:ident, $name:expr, $value:expr) => { $to.write_optional_text($name, $value.as_deref()) };
    (@write structure, $to:ident, $name:expr, $value:expr) => { $to.write_structure($name, &$value) };
    (@write part, $to:ident, $name:expr, $value:expr) => { $value.write_fields($to) };

    (@read field, $from:ident, $name:expr) => { $from.read_field($name)? };
    (@read optional, $from:ident, $name:expr) => { $from.read_optional($name)? };
    (@read defaulted, $from:ident, $name:expr) => { $from.read_optional($name)?.unwrap_or_default() };
    (@read word, $from:ident, $name:expr) => { $from.read_word($name)? };
    (@read optional_time, $from:ident, $name:expr) => { $from.read_optional_time($name)? };
    (@read text, $from:ident, $name:expr) => { $from.read_text($name)? };
    (@read texts, $from:ident, $name:expr) => { $from.read_structure($name)? };
    (@read optional_text, $from:ident, $name:expr) => { $from.read_optional_text($name)? };
    (@read structure, $from:ident, $name:expr) => { $from.read_structure($name)? };
    (@read part, $from:ident, $name:expr) => { Fields::read_fields($from)? };

    (@rewrite $value:expr, $rewrite:ident) => { $value.rewrite_texts($rewrite) };
    (@rewrite $value:expr, $rewrite:ident, unmasked) => {};
}

/// Writes the table of an enumeration of facts: for each variant its type, its kind in the record, and its fields as
/// [`record!`] takes them. Variants that follow after `beside` bring their kind and their fields themselves.
macro_rules! facts {
    (
        $fact:ident { $($variant:ident($type:ident) = $kind:literal $fields:tt)* }
        $(beside { $($other:ident),* })?
    ) => {
        $(record! { $type $fields })*

        impl $fact {
            /// The kind that the record names the fact by.
            pub(crate) fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    $($(Self::$other(fact) => fact.kind(),)*)?
                }
            }

            /// Writes the fields of the fact, all but its kind.
            pub(crate) fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
                match self {
                    $(Self::$variant(fact) => fact.write_fields(to),)*
                    $($(Self::$other(fact) => fact.write_fields(to),)*)?
                }
            }

            /// Reads a fact of a kind in the table; none for another kind.
            fn read_listed<R: FieldReader>(kind: &str, from: &mut R) -> Read<Option<Self>> {
                match kind {
                    $($kind => Fields::read_fields(from).map(|fact| Some(Self::$variant(fact))),)*
                    _ => Ok(None),
                }
            }

            /// Shows each text of the fact to `rewrite`, but for those marked `unmasked` in the table, and replaces those
            /// for which it returns another.
            pub(crate) fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
                match self {
                    $(Self::$variant(fact) => fact.rewrite_texts(rewrite),)*
                    $($(Self::$other(fact) => fact.rewrite_texts(rewrite),)*)?
                }
            }

            #[cfg(test)]
            pub(crate) const KINDS: &[&str] = &[$($kind),*];
        }
    };
}

pub(super) use {facts, record};
