/* oriel-capture: started by orield for one granted session, with the control channel as descriptor 3 and nothing on
 * its command line. It dies with its parent, whatever happens. */
#include <signal.h>
#include <sys/prctl.h>

#include "capture.h"
#include "log.h"

int main(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    oriel_log_init("oriel-capture");
    return oriel_capture_run(ORIEL_CAPTURE_CONTROL_FD);
}
