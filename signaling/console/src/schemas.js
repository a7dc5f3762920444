/* The schema files, bundled. (Tests under node read them from the file system instead: importing JSON is not the same
 * in all versions of node that we build with.) */
import away from '../../schema/away.json';
import cancel from '../../schema/cancel.json';
import challenge from '../../schema/challenge.json';
import denial from '../../schema/denial.json';
import done from '../../schema/done.json';
import end from '../../schema/end.json';
import grant from '../../schema/grant.json';
import hello from '../../schema/hello.json';
import ice from '../../schema/ice.json';
import progress from '../../schema/progress.json';
import rejoin from '../../schema/rejoin.json';
import rejoined from '../../schema/rejoined.json';
import renew from '../../schema/renew.json';
import request from '../../schema/request.json';
import sdp from '../../schema/sdp.json';
import state from '../../schema/state.json';
import update from '../../schema/update.json';
import agentCredential from '../../schema/documents/agent-credential.json';
import deviceCredential from '../../schema/documents/device-credential.json';
import enrolled from '../../schema/documents/enrolled.json';
import enrolment from '../../schema/documents/enrolment.json';
import presence from '../../schema/documents/presence.json';
import revoked from '../../schema/documents/revoked.json';

export const schemas = { away, cancel, challenge, denial, done, end, grant, hello, ice, progress, rejoin, rejoined, renew, request, sdp, state, update };
/* Those that an agent has to do with. */
export const documents = { 'agent-credential': agentCredential, 'device-credential': deviceCredential, enrolled, enrolment, presence, revoked };
