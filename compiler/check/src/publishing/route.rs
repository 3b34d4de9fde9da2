//! Routes: a request must have one meaning.

use std::collections::BTreeMap;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Publication, VersionTravel};

use crate::checker::Checker;

impl Checker<'_> {
    /// Finds routes that match the same requests: one method, and paths that differ in names of parameters alone.
    /// Where a text and a parameter both match, the text is nearer.
    pub(crate) fn check_routes(&mut self) {
        let program = self.program;
        let mut taken: BTreeMap<String, &Publication> = BTreeMap::new();
        for publication in &program.publications {
            if !publication.path_text.value.starts_with('/') {
                continue;
            }
            let mut collides = None;
            for shape in self.shapes(publication) {
                match taken.get(&shape) {
                    Some(first) => collides = collides.or(Some(*first)),
                    None => {
                        taken.insert(shape, publication);
                    }
                }
            }
            let Some(first) = collides else { continue };
            let route = |publication: &Publication| {
                let method = publication.method.value.word().to_ascii_uppercase();
                format!("{method} {}", publication.path_text.value)
            };
            let (this, other) = (route(publication), route(first));
            let message = if this == other {
                format!("`{this}` is published twice")
            } else {
                format!("`{this}` matches what `{other}` does")
            };
            let help = if first.name.text == publication.name.text {
                let name = &publication.name.text;
                format!("publish its versions together: `publish {name}@v1, @v2 at …`, with `version:`")
            } else {
                "give one of them another path or another method".to_owned()
            };
            self.report(
                Diagnostic::new(&codes::F1102, publication.path_text.span, message)
                    .also(first.path_text.span, "published here first")
                    .help(help),
            );
        }
    }

    /// The method and path of a publication without the names of its parameters, one for each path that it has.
    fn shapes(&self, publication: &Publication) -> Vec<String> {
        let mut shape = String::new();
        for segment in &publication.path {
            shape.push('/');
            shape.push_str(&segment.before);
            if let Some((_, after)) = &segment.param {
                shape.push_str("{}");
                shape.push_str(after);
            }
        }
        let method = publication.method.value.word();
        let in_path =
            publication.version_travel.as_ref().is_some_and(|travel| travel.value == VersionTravel::Path);
        if !in_path {
            return vec![format!("{method} {shape}")];
        }
        let versions = publication.workflows.iter().map(|(id, _)| self.program.workflows[*id].version);
        versions.map(|version| format!("{method} /v{version}{shape}")).collect()
    }
}
