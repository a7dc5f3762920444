/* What every fuzzer shares. A fuzzer is one function over bytes that never fails, crashes or says yes to what it must
 * refuse; an oracle that does not hold calls abort(). The same file is built with libFuzzer (-Dfuzz=true, clang) and
 * with standalone.c as an ordinary test. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

#endif
