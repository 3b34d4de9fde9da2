//! The lines of the header that say where a workflow is published.

use std::fmt::{Result, Write};

use super::words::duration;
use crate::{Access, ClientRate, ParamPlace, Publishing, Route, VersionPlace};

/// A line for each declaration, and one that says what has no effect.
pub(super) fn write(out: &mut String, publishing: &Publishing) -> Result {
    for route in &publishing.routes {
        writeln!(
            out,
            "  route       {} {}  {}",
            route.method.as_str(),
            route.path,
            details(route).join("; ")
        )?;
    }
    for schedule in &publishing.schedules {
        writeln!(out, "  schedule    {}  {}  {}", schedule.name, schedule.cron, schedule.zone)?;
    }
    if let Some(objective) = &publishing.objective {
        let success = objective.success.iter();
        let success = success.map(|(percent, window)| format!("{percent}% over {}", duration(*window)));
        let latencies = objective.latencies.iter();
        let latencies = latencies.map(|(percentile, limit)| format!("p{percentile} {}", duration(*limit)));
        writeln!(out, "  objective   {}", success.chain(latencies).collect::<Vec<_>>().join("; "))?;
    }
    if *publishing != Publishing::default() {
        writeln!(out, "              checked, not in effect: this version has no server")?;
    }
    Ok(())
}

fn details(route: &Route) -> Vec<String> {
    let mut words = Vec::new();
    let named = |place: ParamPlace| {
        let names = route.params.iter().filter(move |(_, of)| *of == place).map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let (query, body) = (named(ParamPlace::Query), named(ParamPlace::Body));
    if !query.is_empty() {
        words.push(format!("query {query}"));
    }
    if !body.is_empty() {
        words.push(format!("body {body}"));
    }
    match &route.version {
        Some(VersionPlace::Path) => words.push("version in the path".to_owned()),
        Some(VersionPlace::Header(name)) => words.push(format!("version in header {name}")),
        Some(VersionPlace::Query(name)) => words.push(format!("version in query {name}")),
        Some(VersionPlace::MediaType) => words.push("version in the media type".to_owned()),
        None => {}
    }
    words.push(match route.sync_us {
        Some(limit) => format!("sync within {}", duration(limit)),
        None => "async".to_owned(),
    });
    words.push(match &route.auth {
        Access::Jwt { scope } => format!("jwt {scope}"),
        Access::Key => "key".to_owned(),
        Access::Open => "open to everybody".to_owned(),
    });
    words.extend(route.rate.iter().map(rate));
    words.extend(route.quota.iter().map(|quota| format!("quota {}", rate(quota))));
    words.extend(route.errors.iter().map(|(name, status)| format!("{name} is {status}")));
    words
}

fn rate(rate: &ClientRate) -> String {
    let client = if rate.per_client { " per client" } else { "" };
    format!("{} per {}{client}", rate.count, duration(rate.per_us))
}
