/* text.h: every text of the demo panel, in English, German, French and Spanish.
 *
 * Plain tables. "{}" in a text stands for a value that text_with() puts in. UTF-8.
 */
#pragma once

#include "sim.h"

#include <stdbool.h>
#include <stddef.h>

enum text_language { TEXT_EN, TEXT_DE, TEXT_FR, TEXT_ES, TEXT_LANGUAGES };

enum text_id {
    T_NONE,
    /* header, footer, tabs */
    T_MACHINE,
    T_PLACE,
    T_RUNNING,
    T_STOPPED,
    T_HELD,
    T_SHIFT,
    T_RECIPE_IS,
    T_NO_ALARM,
    T_OVERVIEW,
    T_ALARMS,
    T_TREND,
    T_RECIPE,
    T_SERVICE,
    /* overview */
    T_LEVEL, /* in the order of enum sim_channel */
    T_SPEED,
    T_PRESSURE,
    T_TEMPERATURE,
    T_UNIT_LEVEL, /* the same order */
    T_UNIT_SPEED,
    T_UNIT_PRESSURE,
    T_UNIT_TEMPERATURE,
    T_SET_POINT,
    T_INFEED,
    T_FILLER,
    T_CAPPER,
    T_INSPECTION,
    T_OUTFEED,
    T_PRODUCTION,
    T_GOOD,
    T_REJECTED,
    T_OEE,
    T_BATCH,
    T_REMAINING,
    T_MEAN_VOLUME,
    T_LINE_START,
    T_LINE_STOP,
    T_LINE_RESET,
    T_COMMANDS,
    T_ACTIVE_ALARMS,
    /* alarms */
    T_TIME,
    T_PRIORITY,
    T_TAG,
    T_MESSAGE,
    T_STATE,
    T_ACTIVE,
    T_ACKNOWLEDGED,
    T_CLEARED,
    T_ACK_ONE,
    T_ACK_ALL,
    T_HIGH, /* priorities 1 to 3 */
    T_MEDIUM,
    T_LOW,
    T_ALARM, /* the first of SIM_ALARM_KINDS */
    T_ALARM_LAST = T_ALARM + SIM_ALARM_KINDS - 1,
    /* trend */
    T_LAST_MINUTES,
    T_NOW,
    T_MINIMUM,
    T_MAXIMUM,
    T_MEAN,
    /* recipe */
    T_PARAMETER,
    T_SET,
    T_ACTUAL,
    T_UNIT,
    T_MIN,
    T_MAX,
    T_VALVE,
    T_VOLUME,
    T_FILL_TIME,
    T_OFFSET,
    T_CYCLES,
    T_VALVES,
    T_RECIPES,
    T_APPLE,
    T_ORANGE,
    T_WATER,
    T_TEA,
    T_LEMONADE,
    T_LOADED,
    T_GROUP_FILLING,
    T_GROUP_CAPPING,
    T_GROUP_PRODUCT,
    T_GROUP_CONVEYOR,
    T_P_VOLUME,
    T_P_SPEED,
    T_P_PREFILL,
    T_P_COARSE,
    T_P_FINE,
    T_P_SETTLE,
    T_P_LIFT,
    T_P_TORQUE,
    T_P_TORQUE_LIMIT,
    T_P_HEAD_SPEED,
    T_P_CAP_FEED,
    T_P_PRESSURE,
    T_P_TEMPERATURE,
    T_P_LEVEL,
    T_P_CO2,
    T_P_PITCH,
    T_P_RAMP,
    T_P_BACK,
    T_P_REJECT,
    T_P_GAP,
    /* service */
    T_COMPONENT,
    T_HOURS,
    T_INTERVAL,
    T_LEFT_OVER,
    T_WEAR,
    T_S_SEALS,
    T_S_CHUCKS,
    T_S_BELT,
    T_S_PUMP,
    T_S_FILTER,
    T_S_GREASE,
    T_S_CAMERA,
    T_S_SCREW,
    T_MAINTENANCE,
    T_INPUTS,
    T_OUTPUTS,
    T_SYSTEM,
    T_SYS_PLC,
    T_SYS_HMI,
    T_SYS_SERIAL,
    T_SYS_HOURS,
    T_SYS_NETWORK,
    T_SYS_SUPPORT,
    T_CONNECTED,
    T_NOT_CONNECTED,
    /* support */
    T_CALL_SUPPORT,
    T_NO_SUPPORT,
    T_CALLED,
    T_TAKE_BACK,
    T_CALL_HINT,
    T_CALL_PRESET, /* TEXT_PRESETS of them */
    T_CALL_PRESET_LAST = T_CALL_PRESET + 5,
    T_CALL_NOTE,
    T_CALL_BACK,
    T_CALL_SEND,
    T_CANCEL,
    T_ASKS,
    T_WHY,
    T_WHAT,
    T_SEE_SCREEN,
    T_SEE_SCREEN_MEANS,
    T_CAMERA,
    T_CAMERA_MEANS,
    T_VOICE,
    T_VOICE_MEANS,
    T_FACE,
    T_FACE_MEANS,
    T_CONTROL,
    T_CONTROL_MEANS,
    T_LOGS,
    T_LOGS_MEANS,
    T_CODE,
    T_ASKS_MORE,
    T_ASKS_AGAIN,
    T_HOW_LONG,
    T_UP_TO_MINUTES,
    T_STOP_ANY_TIME,
    T_SILENCE,
    T_ALLOW,
    T_DENY,
    T_CONNECTING,
    T_SEES,
    T_FROZEN,
    T_TIME_LEFT,
    T_MINUTES_GRANTED,
    T_CHAT,
    T_CHAT_WITH,
    T_CHAT_CLOSE,
    T_CHAT_SEND,
    T_CHAT_ANSWER, /* TEXT_ANSWERS of them */
    T_CHAT_ANSWER_LAST = T_CHAT_ANSWER + 2,
    T_STOP,
    T_STOPPING,
    T_WITHDRAWN_TIMEOUT,
    T_WITHDRAWN,
    T_WITHDRAWN_LOST,
    T_ENDED,
    T_ENDED_PERSON, /* reasons, to follow T_ENDED */
    T_ENDED_LOCAL,
    T_ENDED_AGENT,
    T_ENDED_EXPIRED,
    T_ENDED_PEER,
    T_ENDED_FAULT,
    T_ENDED_LOST,
    T_ENDED_UNANSWERED,
    T_COUNT
};

#define TEXT_PRESETS 6
#define TEXT_ANSWERS 3

/* "en", "de", "fr", "es"; -1 for another code. */
int text_find_language(const char *code);
const char *text_language_code(enum text_language language);

/* The language of all that follows; English at first. */
void text_set_language(enum text_language language);
enum text_language text_get_language(void);

const char *text(enum text_id id);
/* The text with `value` in place of its "{}", in `buffer`, which is returned. */
const char *text_with(char *buffer, size_t size, enum text_id id, const char *value);
