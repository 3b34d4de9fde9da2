//! What is declared around a workflow, for the section of its plan that people read.

use flow_check::{CheckedPublication, RoutePlace};
use flow_hir::{ClientRate, Publication, PublishAuth, VersionTravel, WorkflowId};
use flow_plan::{Access, Objective, ParamPlace, Publishing, Route, Schedule, VersionPlace};

use crate::context::Context;
use crate::tables::{error_name, method};

/// The declarations that name a workflow.
pub(crate) fn of(context: &Context<'_>, id: WorkflowId) -> Publishing {
    let publications = context.program.publications.iter().zip(&context.typed.publications);
    let routes = publications.filter_map(|(publication, checked)| route(context, publication, checked, id));
    let schedules = context.program.schedules.iter().zip(&context.typed.schedules);
    let own = schedules.filter(|(_, checked)| checked.workflow == Some(id));
    let schedules = own.map(|(schedule, _)| Schedule {
        name: schedule.name.text.to_string(),
        // One blank between two fields.
        cron: schedule.cron.text.split_whitespace().collect::<Vec<_>>().join(" "),
        zone: schedule.zone.as_ref().map_or("UTC", |zone| &zone.text).to_owned(),
    });
    let mut objectives = context.program.objectives.iter().zip(&context.typed.objectives);
    let objective = objectives.find(|(objective, _)| objective.workflows.contains(&id));
    let objective = objective.map(|(_, checked)| Objective {
        success: checked.success.clone(),
        latencies: checked.latencies.clone(),
    });
    Publishing { routes: routes.collect(), schedules: schedules.collect(), objective }
}

fn route(
    context: &Context<'_>,
    publication: &Publication,
    checked: &CheckedPublication,
    id: WorkflowId,
) -> Option<Route> {
    let own = checked.routes.iter().find(|route| route.workflow == id)?;
    let place = |place: &RoutePlace| match place {
        RoutePlace::Path => ParamPlace::Path,
        RoutePlace::Query => ParamPlace::Query,
        RoutePlace::Body => ParamPlace::Body,
    };
    let version = publication.version_travel.as_ref().map(|travel| match &travel.value {
        VersionTravel::Path => VersionPlace::Path,
        VersionTravel::Header(name) => VersionPlace::Header(name.to_string()),
        VersionTravel::Query(name) => VersionPlace::Query(name.to_string()),
        VersionTravel::MediaType => VersionPlace::MediaType,
    });
    let path = &publication.path_text.value;
    let path = match version {
        Some(VersionPlace::Path) => format!("/v{}{path}", context.program.workflows[id].version),
        _ => path.to_string(),
    };
    let rate = |declared: &Option<ClientRate>, checked: Option<(u64, u64)>| {
        let (count, per_us) = checked?;
        let per_client = declared.as_ref()?.per_client;
        Some(flow_plan::ClientRate { count, per_us, per_client })
    };
    Some(Route {
        method: method(publication.method.value),
        path,
        version,
        params: own.params.iter().map(|(name, of)| (name.to_string(), place(of))).collect(),
        sync_us: checked.sync_us,
        auth: match &publication.auth.as_ref()?.value {
            PublishAuth::Jwt(scope) => Access::Jwt { scope: scope.value.to_string() },
            PublishAuth::Key => Access::Key,
            PublishAuth::Open => Access::Open,
        },
        rate: rate(&publication.rate, checked.rate),
        quota: rate(&publication.quota, checked.quota),
        errors: publication
            .errors
            .iter()
            .map(|mapped| (error_name(context, mapped.error.value), mapped.status.value))
            .collect(),
    })
}
