/* oriel-camera: oriel-capture's twin for a camera. Started by orield while the scope `camera` is granted and the agent
 * has it on, with the control channel as descriptor 3; it sees one camera, and dies with its parent or the scope. */
#include "capture.h"
#include "log.h"
#include "sandbox.h"

int main(void) {
    oriel_log_init("oriel-camera");
    oriel_sandbox_begin("oriel-camera");
    return oriel_capture_run(ORIEL_CAPTURE_CONTROL_FD, ORIEL_PROCESS_CAMERA);
}
