//! What the helper process does: it answers, one question after the other, until nobody can ask any more.
//!
//! It must never read what it is not asked for, nor return: behind it lies a copy of our program.

use std::{
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
};

use anyhow::Result;

use super::{
    super::attached::Attached,
    messages::{Answer, Request, receive, send, send_descriptors},
};
use crate::{
    forked,
    sandbox::{Duty, Sandbox},
};

/// Serves what is attached, and detaches it at the end.
pub(super) fn serve(mut attached: Attached, sandbox: &Sandbox, mut socket: UnixStream) -> ! {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let entered = sandbox.enter(Duty::Attach);
        let ready = match &entered {
            Ok(_) => Answer::Done,
            Err(error) => Answer::Failed(format!("{error:#}")),
        };
        send(&mut socket, &ready)?;
        entered?;
        answer_all(&mut attached, &mut socket)
    }));
    // A panic has left it as it was at some moment: all of it is detached the same.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(attached)));
    forked::end(i32::from(!matches!(outcome, Ok(Ok(())))))
}

fn answer_all(attached: &mut Attached, socket: &mut UnixStream) -> Result<()> {
    while let Some(request) = receive(socket)? {
        let answer = match request {
            Request::SetFilter(filter) => match attached.set_filter(filter.as_ref()) {
                Ok(()) => Answer::Done,
                Err(not_set) => Answer::NotSet(not_set),
            },
            Request::Look => Answer::Look(attached.look()),
            Request::LetGo => {
                attached.let_go();
                Answer::Done
            }
            Request::LoadAgain(index) => match attached.load_again(index) {
                Ok((maps, shape)) => {
                    send(socket, &Answer::Loaded(shape))?;
                    send_descriptors(socket, &maps.descriptors())?;
                    continue;
                }
                Err(error) => Answer::Failed(format!("{error:#}")),
            },
            Request::Attach => match attached.attach() {
                Ok(()) => Answer::Done,
                Err(error) => Answer::Failed(format!("{error:#}")),
            },
        };
        send(socket, &answer)?;
    }
    Ok(())
}
