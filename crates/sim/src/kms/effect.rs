//! When a change of tags or aliases counts in policies: "It might take up to five minutes for tag and alias changes to
//! affect KMS key authorization. Recent changes might be visible in API operations before they affect authorization" (KMS
//! developer guide, "Use tags to control access to KMS keys").

use chrono::TimeDelta;

use super::Kms;
use crate::context::CallContext;
use crate::questions::KeyTagDelay;
use crate::world::State;

/// Lets the tags that a key has now count in policies.
pub(super) fn of_tags(state: &mut State, ctx: &CallContext, id: &str) {
    let Some(tags) = ctx.region_state(state).kms.keys.get(id).map(|key| key.tags.clone()) else { return };
    let id = id.to_owned();
    change(state, ctx, move |kms| {
        if let Some(key) = kms.keys.get_mut(&id) {
            key.tags_in_effect = tags;
        }
    });
}

/// Lets the key that an alias names now count in policies.
pub(super) fn of_alias(state: &mut State, ctx: &CallContext, name: &str) {
    let target = ctx.region_state(state).kms.aliases.get(name).map(|alias| alias.target.clone());
    let name = name.to_owned();
    change(state, ctx, move |kms| match target {
        Some(target) => {
            kms.aliases_in_effect.insert(name, target);
        }
        None => {
            kms.aliases_in_effect.remove(&name);
        }
    });
}

fn change(state: &mut State, ctx: &CallContext, change: impl FnOnce(&mut Kms) + Send + 'static) {
    let (account, region) = (ctx.caller.account.clone(), ctx.region.clone());
    match state.settings.answers.key_tag_delay {
        KeyTagDelay::AtOnce => change(&mut state.region_state(&account, &region).kms),
        KeyTagDelay::FiveMinutes => {
            let date = state.now + TimeDelta::minutes(5);
            state.agenda.at(date, move |state| change(&mut state.region_state(&account, &region).kms));
        }
    }
}
