/* oriel-capture: started by orield for one granted session, with the control channel as descriptor 3 and nothing on
 * its command line. It dies with its parent, whatever happens. */
#include "capture.h"
#include "log.h"
#include "sandbox.h"

int main(void) {
    oriel_log_init("oriel-capture");
    oriel_sandbox_begin("oriel-capture");
    return oriel_capture_run(ORIEL_CAPTURE_CONTROL_FD, ORIEL_PROCESS_CAPTURE);
}
