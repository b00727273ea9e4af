//! The data model of a record: every node with its path, its piece name and its type.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/fields.tsv");

/// What the values of a node are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An object, or a list of objects.
    Struct,
    /// A text.
    Text,
    /// A text with paragraphs and lists.
    Markup,
    /// A value of an enumeration.
    Enum,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A date: a year, a month or a day.
    Date,
    /// A time with a unit, such as an age.
    Time,
    /// A place on the globe.
    Place,
}

/// A node of the data model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its place in [`all`].
    pub index: usize,
    /// Dotted path in the JSON, without the indices of lists.
    pub path: &'static str,
    /// Name of the piece, the same in every interface, e.g. `LocationCity`.
    pub piece: &'static str,
    /// Type as the interface names it, e.g. `text[]`, `PartialDate`, `Phase[]`.
    pub type_name: &'static str,
    /// Type of the source as the interface names it, e.g. `TEXT`, `STRUCT`.
    pub source_type: &'static str,
    /// Longest text, in characters.
    pub longest: Option<u32>,
    /// Whether synonyms are looked for.
    pub has_synonyms: bool,
    /// What its values are.
    pub kind: Kind,
}

impl Field {
    /// Whether it holds values, not other nodes.
    pub fn is_leaf(&self) -> bool {
        !matches!(self.kind, Kind::Struct | Kind::Place)
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.type_name.ends_with("[]")
    }

    /// The last key of its path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

struct Model {
    fields: Vec<Field>,
    by_piece: BTreeMap<String, usize>,
    by_path: BTreeMap<&'static str, usize>,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1).filter(|line| !line.is_empty());
    let fields: Vec<Field> = rows.enumerate().map(|(index, row)| read(index, row)).collect();
    let by_piece = fields.iter().map(|field| (field.piece.to_lowercase(), field.index)).collect();
    let by_path = fields.iter().map(|field| (field.path, field.index)).collect();
    Model { fields, by_piece, by_path }
});

fn read(index: usize, row: &'static str) -> Field {
    let cells: Vec<&str> = row.split('\t').collect();
    let cell = |at: usize| cells.get(at).copied().unwrap_or("");
    let (type_name, source_type) = (cell(2), cell(3));
    let kind = match (source_type, type_name) {
        ("STRUCT", _) => Kind::Struct,
        (_, "GeoPoint") => Kind::Place,
        _ if cell(6) == "1" => Kind::Enum,
        (_, "boolean") => Kind::Boolean,
        (_, "integer" | "number" | "long") => Kind::Number,
        ("DATE", _) => Kind::Date,
        ("TIME", _) => Kind::Time,
        ("MARKUP", _) => Kind::Markup,
        _ => Kind::Text,
    };
    Field {
        index,
        path: cell(0),
        piece: cell(1),
        type_name,
        source_type,
        longest: cell(4).parse().ok(),
        has_synonyms: cell(5) == "1",
        kind,
    }
}

/// Every node, parents before their children.
pub fn all() -> &'static [Field] {
    &MODEL.fields
}

/// A node by the name of its piece; the case of letters is free.
pub fn by_piece(piece: &str) -> Option<&'static Field> {
    let index = MODEL.by_piece.get(&piece.to_lowercase())?;
    MODEL.fields.get(*index)
}

/// A node by its dotted path, without the indices of lists.
pub fn by_path(path: &str) -> Option<&'static Field> {
    MODEL.by_path.get(path).map(|index| &MODEL.fields[*index])
}

/// The nodes directly below one; of the whole record for an empty path.
pub fn children(path: &str) -> impl Iterator<Item = &'static Field> {
    let parent = |field: &Field| field.path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let path = path.to_owned();
    all().iter().filter(move |field| parent(field) == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_found_by_its_path_and_by_its_piece() {
        assert_eq!(all().len(), 454);
        for field in all() {
            assert_eq!(by_path(field.path), Some(field));
            assert_eq!(by_piece(field.piece), Some(field), "{}", field.piece);
        }
        assert!(by_piece("phase").is_some_and(Field::is_list));
    }

    #[test]
    fn kinds_follow_the_types() {
        let kind = |piece| by_piece(piece).unwrap().kind;
        assert_eq!(kind("StartDate"), Kind::Date);
        assert_eq!(kind("MinimumAge"), Kind::Time);
        assert_eq!(kind("EnrollmentCount"), Kind::Number);
        assert_eq!(kind("HasResults"), Kind::Boolean);
        assert_eq!(kind("Phase"), Kind::Enum);
        assert_eq!(kind("Location"), Kind::Struct);
        assert_eq!(children("protocolSection.armsInterventionsModule").count(), 2);
    }
}
