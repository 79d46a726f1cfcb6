//! `ombud sessions update`

use ombud::domain::{Error, Labels, ModelChoice, Result, SessionUpdated};

use super::list::Line;
use crate::cli::{Format, SessionsUpdate};
use crate::naming;
use crate::program::Program;

pub async fn execute(program: &Program, args: &SessionsUpdate) -> Result<u8> {
    let global = &program.global;
    let nothing = args.name.is_none() && args.tags.is_empty() && args.untags.is_empty();
    if nothing && global.agent.is_none() && global.model.is_none() {
        return Err(Error::invalid("nothing is said that could be changed")
            .hint("say `--name`, `--tag`, `--untag`, `--agent` or `--model`"));
    }
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session(&*house, &caller, &args.id).await?;
    let session = house.session(&caller, &id).await?.summary.session;
    let mut labels = session.labels.clone();
    args.untags.iter().for_each(|tag| {
        labels.remove(Labels::TAG, tag);
    });
    args.tags.iter().for_each(|tag| labels.insert(Labels::TAG, tag.clone()));
    let change = SessionUpdated {
        title: args.name.clone().map(|name| Some(name).filter(|name| !name.is_empty())),
        labels: (labels != session.labels).then_some(labels),
        agent: program.global.agent.clone(),
        model: program.global.model.as_deref().map(ModelChoice::parse).transpose()?.map(Some),
        ..SessionUpdated::default()
    };
    house.update(&caller, &id, change).await?;
    if program.format() != Format::Text {
        let line = Line::from(house.session(&caller, &id).await?);
        program.context.out.write_json(&line)?;
    }
    Ok(0)
}
