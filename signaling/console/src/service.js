/* The vendor's enrolment service, where console.json names one: the same two texts as by hand, over HTTP.
 *
 * It knows who asks by the cookies of its own log-in, or by what stands before it. Limits: 64 KiB, 20 s, no redirect.
 */
import { EnrolmentError } from './keys.js';
import { MAX_RECEIVED } from './protocol.js';

const TIMEOUT_MS = 20_000;
const MAX_SENTENCE = 300;

/* The service wants the agent to log in first; `url` is where. */
export class LoginNeeded extends EnrolmentError {}

/* Request -> answer; throws EnrolmentError. */
export async function askService(url, request, fetch = globalThis.fetch) {
    let response, text;
    try {
        response = await fetch(url, {
            method: 'POST',
            headers: { 'Content-Type': 'application/jose' },
            body: request,
            credentials: 'include',
            redirect: 'manual',
            cache: 'no-store',
            signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        text = await response.text();
    } catch {
        throw new EnrolmentError('The enrolment service does not answer. Try again, or tell your administrator.');
    }
    if (response.type === 'opaqueredirect' || response.status === 401) throw new LoginNeeded('Log in with your company first, then come back here.');
    if (text.length > MAX_RECEIVED) throw new EnrolmentError('The enrolment service gave no usable answer. Tell your administrator.');
    if (response.status === 200) return text;
    const sentence = text.replace(/\s+/g, ' ').trim();
    if (response.status >= 400 && response.status < 500 && sentence && sentence.length <= MAX_SENTENCE && !sentence.startsWith('<')) throw new EnrolmentError(sentence);
    throw new EnrolmentError(`The enrolment service failed (${response.status}). Try again, or tell your administrator.`);
}
