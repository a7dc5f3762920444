/* text.c: see text.h. One line a text: English, German, French, Spanish. */
#include "text.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const char *const texts[T_COUNT][TEXT_LANGUAGES] = {
    [T_MACHINE] = {"Filler 1", "Füller 1", "Remplisseuse 1", "Llenadora 1"},
    [T_PLACE] = {"BF-200 · Hall 3, line 2", "BF-200 · Halle 3, Linie 2", "BF-200 · Hall 3, ligne 2", "BF-200 · Nave 3, línea 2"},
    [T_RUNNING] = {"RUNNING", "LÄUFT", "EN MARCHE", "EN MARCHA"},
    [T_STOPPED] = {"STOPPED", "GESTOPPT", "À L’ARRÊT", "PARADA"},
    [T_HELD] = {"HELD", "ANGEHALTEN", "SUSPENDUE", "RETENIDA"},
    [T_SHIFT] = {"Early shift", "Frühschicht", "Équipe du matin", "Turno de mañana"},
    [T_RECIPE_IS] = {"Recipe 014 · Apple juice 0.5 l", "Rezept 014 · Apfelsaft 0,5 l", "Recette 014 · Jus de pomme 0,5 l", "Receta 014 · Zumo de manzana 0,5 l"},
    [T_NO_ALARM] = {"No active alarm", "Kein aktiver Alarm", "Aucune alarme active", "Ninguna alarma activa"},
    [T_OVERVIEW] = {"Overview", "Übersicht", "Synoptique", "Resumen"},
    [T_ALARMS] = {"Alarms", "Alarme", "Alarmes", "Alarmas"},
    [T_TREND] = {"Trend", "Trend", "Courbes", "Tendencia"},
    [T_RECIPE] = {"Recipe", "Rezept", "Recette", "Receta"},
    [T_SERVICE] = {"Service", "Service", "Service", "Servicio"},

    [T_LEVEL] = {"Product tank level", "Füllstand Produkttank", "Niveau cuve produit", "Nivel del tanque"},
    [T_SPEED] = {"Line speed", "Liniengeschwindigkeit", "Cadence de la ligne", "Velocidad de línea"},
    [T_PRESSURE] = {"Tank pressure", "Tankdruck", "Pression de cuve", "Presión del tanque"},
    [T_TEMPERATURE] = {"Product temperature", "Produkttemperatur", "Température produit", "Temperatura producto"},
    [T_UNIT_LEVEL] = {"%", "%", "%", "%"},
    [T_UNIT_SPEED] = {"bottles/min", "Fl./min", "bout./min", "bot./min"},
    [T_UNIT_PRESSURE] = {"bar", "bar", "bar", "bar"},
    [T_UNIT_TEMPERATURE] = {"°C", "°C", "°C", "°C"},
    [T_SET_POINT] = {"SP {}", "SW {}", "Cons. {}", "PC {}"},
    [T_INFEED] = {"INFEED", "EINLAUF", "ENTRÉE", "ENTRADA"},
    [T_FILLER] = {"FILLER", "FÜLLER", "REMPLISSAGE", "LLENADO"},
    [T_CAPPER] = {"CAPPER", "VERSCHLIESSER", "BOUCHAGE", "TAPADO"},
    [T_INSPECTION] = {"INSPECTION", "KONTROLLE", "CONTRÔLE", "CONTROL"},
    [T_OUTFEED] = {"OUTFEED", "AUSLAUF", "SORTIE", "SALIDA"},
    [T_PRODUCTION] = {"Production", "Produktion", "Production", "Producción"},
    [T_GOOD] = {"Good bottles", "Gute Flaschen", "Bouteilles bonnes", "Botellas buenas"},
    [T_REJECTED] = {"Rejected", "Ausschuss", "Rejets", "Rechazadas"},
    [T_OEE] = {"OEE", "OEE", "TRS", "OEE"},
    [T_BATCH] = {"Batch 26-0318", "Charge 26-0318", "Lot 26-0318", "Lote 26-0318"},
    [T_REMAINING] = {"Time to go", "Restzeit", "Temps restant", "Tiempo restante"},
    [T_MEAN_VOLUME] = {"Mean volume", "Mittl. Füllmenge", "Volume moyen", "Volumen medio"},
    [T_LINE_START] = {"Start line", "Linie starten", "Démarrer", "Arrancar"},
    [T_LINE_STOP] = {"Stop line", "Linie stoppen", "Arrêter", "Parar línea"},
    [T_LINE_RESET] = {"Reset", "Quittieren", "Réarmer", "Rearmar"},
    [T_COMMANDS] = {"Line", "Linie", "Ligne", "Línea"},
    [T_ACTIVE_ALARMS] = {"Latest alarms", "Letzte Alarme", "Dernières alarmes", "Últimas alarmas"},

    [T_TIME] = {"Time", "Zeit", "Heure", "Hora"},
    [T_PRIORITY] = {"Priority", "Priorität", "Priorité", "Prioridad"},
    [T_TAG] = {"Tag", "Kennz.", "Repère", "TAG"},
    [T_MESSAGE] = {"Message", "Meldung", "Message", "Mensaje"},
    [T_STATE] = {"State", "Zustand", "État", "Estado"},
    [T_ACTIVE] = {"Active", "Aktiv", "Active", "Activa"},
    [T_ACKNOWLEDGED] = {"Acknowledged", "Quittiert", "Acquittée", "Reconocida"},
    [T_CLEARED] = {"Cleared {}", "Gegangen {}", "Disparue {}", "Fin {}"},
    [T_ACK_ONE] = {"Acknowledge", "Quittieren", "Acquitter", "Reconocer"},
    [T_ACK_ALL] = {"Acknowledge all", "Alle quittieren", "Tout acquitter", "Reconocer todas"},
    [T_HIGH] = {"High", "Hoch", "Haute", "Alta"},
    [T_MEDIUM] = {"Medium", "Mittel", "Moyenne", "Media"},
    [T_LOW] = {"Low", "Niedrig", "Basse", "Baja"},
    [T_ALARM + SIM_ALARM_CAPS_LOW] = {"Cap hopper below refill mark", "Kappenvorrat unter Nachfüllmarke", "Trémie à bouchons sous le repère", "Tolva de tapones bajo la marca"},
    [T_ALARM + SIM_ALARM_CAPPER_JAM] = {"Capper jammed, line held", "Verschließer blockiert, Linie angehalten", "Bourrage à la boucheuse, ligne suspendue", "Atasco en la taponadora, línea retenida"},
    [T_ALARM + SIM_ALARM_TANK_LOW] = {"Product tank level low", "Füllstand Produkttank niedrig", "Niveau bas dans la cuve produit", "Nivel bajo en el tanque de producto"},
    [T_ALARM + SIM_ALARM_PRESSURE] = {"Tank pressure off its set point", "Tankdruck weicht vom Sollwert ab", "Écart de pression de la cuve", "Presión del tanque fuera de consigna"},
    [T_ALARM + SIM_ALARM_TEMPERATURE] = {"Product temperature high", "Produkttemperatur hoch", "Température produit haute", "Temperatura de producto alta"},
    [T_ALARM + SIM_ALARM_UNDERFILL] = {"Valve 4: bottle underfilled", "Ventil 4: Flasche unterfüllt", "Vanne 4 : bouteille sous-remplie", "Válvula 4: botella con poco llenado"},
    [T_ALARM + SIM_ALARM_GAP] = {"Infeed: gap between bottles", "Einlauf: Lücke im Flaschenstrom", "Entrée : vide entre bouteilles", "Entrada: hueco entre botellas"},
    [T_ALARM + SIM_ALARM_CIP] = {"Cleaning (CIP) due within 8 h", "Reinigung (CIP) in 8 h fällig", "Nettoyage (NEP) à faire sous 8 h", "Limpieza (CIP) antes de 8 h"},
    [T_ALARM + SIM_ALARM_AIR] = {"Compressed air pressure low", "Druckluft zu niedrig", "Pression d’air comprimé basse", "Presión de aire comprimido baja"},
    [T_ALARM + SIM_ALARM_DOOR] = {"Guard door 2 opened", "Schutztür 2 geöffnet", "Porte de protection 2 ouverte", "Puerta de protección 2 abierta"},
    [T_ALARM + SIM_ALARM_OUTFEED] = {"Outfeed table nearly full", "Auslauftisch fast voll", "Table de sortie presque pleine", "Mesa de salida casi llena"},

    [T_LAST_MINUTES] = {"Last 10 minutes", "Letzte 10 Minuten", "10 dernières minutes", "Últimos 10 minutos"},
    [T_NOW] = {"Now", "Jetzt", "Actuel", "Ahora"},
    [T_MINIMUM] = {"Min", "Min", "Min", "Mín"},
    [T_MAXIMUM] = {"Max", "Max", "Max", "Máx"},
    [T_MEAN] = {"Mean", "Mittel", "Moy.", "Media"},

    [T_PARAMETER] = {"Parameter", "Parameter", "Paramètre", "Parámetro"},
    [T_SET] = {"Set", "Soll", "Consigne", "Consigna"},
    [T_ACTUAL] = {"Actual", "Ist", "Mesure", "Real"},
    [T_UNIT] = {"Unit", "Einh.", "Unité", "Unidad"},
    [T_MIN] = {"Min", "Min", "Min", "Mín"},
    [T_MAX] = {"Max", "Max", "Max", "Máx"},
    [T_VALVE] = {"Valve", "Ventil", "Vanne", "Válv."},
    [T_VOLUME] = {"ml", "ml", "ml", "ml"},
    [T_FILL_TIME] = {"Fill, s", "Füllzeit, s", "Durée, s", "Tiempo, s"},
    [T_OFFSET] = {"Offset, ms", "Offset, ms", "Décal., ms", "Ajuste, ms"},
    [T_CYCLES] = {"Cycles", "Zyklen", "Cycles", "Ciclos"},
    [T_VALVES] = {"Filling valves", "Füllventile", "Vannes de remplissage", "Válvulas de llenado"},
    [T_RECIPES] = {"Recipes", "Rezepte", "Recettes", "Recetas"},
    [T_APPLE] = {"Apple juice 0.5 l", "Apfelsaft 0,5 l", "Jus de pomme 0,5 l", "Zumo de manzana 0,5 l"},
    [T_ORANGE] = {"Orange juice 0.5 l", "Orangensaft 0,5 l", "Jus d’orange 0,5 l", "Zumo de naranja 0,5 l"},
    [T_WATER] = {"Still water 0.5 l", "Stilles Wasser 0,5 l", "Eau plate 0,5 l", "Agua sin gas 0,5 l"},
    [T_TEA] = {"Iced tea 0.33 l", "Eistee 0,33 l", "Thé glacé 0,33 l", "Té helado 0,33 l"},
    [T_LEMONADE] = {"Lemonade 1.0 l", "Limonade 1,0 l", "Limonade 1,0 l", "Limonada 1,0 l"},
    [T_LOADED] = {"loaded", "geladen", "chargée", "cargada"},
    [T_GROUP_FILLING] = {"Filling", "Füllen", "Remplissage", "Llenado"},
    [T_GROUP_CAPPING] = {"Capping", "Verschließen", "Bouchage", "Tapado"},
    [T_GROUP_PRODUCT] = {"Product", "Produkt", "Produit", "Producto"},
    [T_GROUP_CONVEYOR] = {"Conveyor", "Transport", "Convoyeur", "Transportador"},
    [T_P_VOLUME] = {"Filling volume", "Füllmenge", "Volume de remplissage", "Volumen de llenado"},
    [T_P_SPEED] = {"Line speed", "Liniengeschwindigkeit", "Cadence", "Velocidad de línea"},
    [T_P_PREFILL] = {"Pre-fill time", "Vorfüllzeit", "Durée de pré-remplissage", "Tiempo de prellenado"},
    [T_P_COARSE] = {"Coarse flow", "Grobstrom", "Débit gros", "Caudal grueso"},
    [T_P_FINE] = {"Fine flow", "Feinstrom", "Débit fin", "Caudal fino"},
    [T_P_SETTLE] = {"Settling time", "Beruhigungszeit", "Temps de repos", "Tiempo de reposo"},
    [T_P_LIFT] = {"Nozzle stroke", "Düsenhub", "Course des becs", "Carrera de boquillas"},
    [T_P_TORQUE] = {"Closing torque", "Verschließmoment", "Couple de vissage", "Par de cierre"},
    [T_P_TORQUE_LIMIT] = {"Torque limit", "Grenzmoment", "Couple limite", "Par límite"},
    [T_P_HEAD_SPEED] = {"Head speed", "Kopfdrehzahl", "Vitesse de tête", "Velocidad de cabezal"},
    [T_P_CAP_FEED] = {"Cap feed rate", "Kappenzufuhr", "Alimentation bouchons", "Alimentación de tapones"},
    [T_P_PRESSURE] = {"Tank pressure", "Tankdruck", "Pression de cuve", "Presión del tanque"},
    [T_P_TEMPERATURE] = {"Product temperature", "Produkttemperatur", "Température produit", "Temperatura producto"},
    [T_P_LEVEL] = {"Tank level", "Tankfüllstand", "Niveau de cuve", "Nivel del tanque"},
    [T_P_CO2] = {"Inert gas dosing", "Inertgasdosierung", "Dosage gaz inerte", "Dosis de gas inerte"},
    [T_P_PITCH] = {"Bottle pitch", "Flaschenteilung", "Pas des bouteilles", "Paso de botellas"},
    [T_P_RAMP] = {"Ramp-up", "Hochlauframpe", "Rampe de démarrage", "Rampa de arranque"},
    [T_P_BACK] = {"Back pressure", "Staudruck", "Contre-pression", "Contrapresión"},
    [T_P_REJECT] = {"Reject delay", "Ausschleusverzug", "Retard d’éjection", "Retardo de expulsión"},
    [T_P_GAP] = {"Gap limit", "Lückengrenze", "Limite de vide", "Límite de hueco"},

    [T_COMPONENT] = {"Component", "Bauteil", "Composant", "Componente"},
    [T_HOURS] = {"Run, h", "Lauf, h", "Marche, h", "Marcha, h"},
    [T_INTERVAL] = {"Every, h", "Alle, h", "Tous les, h", "Cada, h"},
    [T_LEFT_OVER] = {"Left, h", "Rest, h", "Reste, h", "Resto, h"},
    [T_WEAR] = {"Used", "Verbrauch", "Usure", "Uso"},
    [T_S_SEALS] = {"Valve seals, set of 6", "Ventildichtungen, 6 Stück", "Joints de vannes, jeu de 6", "Juntas de válvula, 6 u."},
    [T_S_CHUCKS] = {"Capping chucks", "Verschließköpfe", "Mandrins de bouchage", "Mandriles de tapado"},
    [T_S_BELT] = {"Conveyor chain", "Transportkette", "Chaîne de convoyeur", "Cadena transportadora"},
    [T_S_PUMP] = {"Feed pump bearing", "Lager Förderpumpe", "Palier de pompe", "Rodamiento de bomba"},
    [T_S_FILTER] = {"Product filter", "Produktfilter", "Filtre produit", "Filtro de producto"},
    [T_S_GREASE] = {"Central lubrication", "Zentralschmierung", "Graissage centralisé", "Engrase central"},
    [T_S_CAMERA] = {"Inspection lamp", "Kontrollleuchte", "Lampe de contrôle", "Lámpara de control"},
    [T_S_SCREW] = {"Infeed screw", "Einlaufschnecke", "Vis d’entrée", "Tornillo de entrada"},
    [T_MAINTENANCE] = {"Maintenance", "Wartung", "Maintenance", "Mantenimiento"},
    [T_INPUTS] = {"Inputs", "Eingänge", "Entrées", "Entradas"},
    [T_OUTPUTS] = {"Outputs", "Ausgänge", "Sorties", "Salidas"},
    [T_SYSTEM] = {"System", "System", "Système", "Sistema"},
    [T_SYS_PLC] = {"PLC program", "SPS-Programm", "Programme API", "Programa PLC"},
    [T_SYS_HMI] = {"HMI software", "HMI-Software", "Logiciel IHM", "Software HMI"},
    [T_SYS_SERIAL] = {"Serial number", "Seriennummer", "N° de série", "N.º de serie"},
    [T_SYS_HOURS] = {"Operating hours", "Betriebsstunden", "Heures de marche", "Horas de servicio"},
    [T_SYS_NETWORK] = {"Field bus", "Feldbus", "Bus de terrain", "Bus de campo"},
    [T_SYS_SUPPORT] = {"Remote support", "Fernwartung", "Téléassistance", "Soporte remoto"},
    [T_CONNECTED] = {"connected", "verbunden", "connecté", "conectado"},
    [T_NOT_CONNECTED] = {"not connected", "nicht verbunden", "non connecté", "sin conexión"},

    [T_CALL_SUPPORT] = {"Call support", "Support rufen", "Appeler le support", "Llamar a soporte"},
    [T_NO_RECORD] = {"No support: the record of sessions can’t be written", "Kein Support: Sitzungen sind nicht protokollierbar", "Pas de support : journal des sessions indisponible", "Sin soporte: no se puede registrar la sesión"},
    [T_LOOKED] = {"Who looked", "Wer sah zu", "Qui a regardé", "Quién miró"},
    [T_LOOKED_NOBODY] = {"Nobody yet", "Noch niemand", "Personne jusqu'ici", "Nadie hasta ahora"},
    [T_LOOKED_WHO] = {"Who", "Wer", "Qui", "Quién"},
    [T_LOOKED_END] = {"Ended", "Ende", "Fin", "Fin"},
    [T_LOOKED_LIVE] = {"still on", "läuft noch", "en cours", "en curso"},
    [T_LOOKED_CUT] = {"power was cut", "Strom war weg", "coupure de courant", "corte de corriente"},
    [T_NO_SUPPORT] = {"Support not available", "Support nicht verfügbar", "Support indisponible", "Soporte no disponible"},
    [T_CALLED] = {"Support has been called", "Support ist gerufen", "Le support est appelé", "Soporte avisado"},
    [T_TAKE_BACK] = {"Take back", "Zurücknehmen", "Annuler", "Anular"},
    [T_CALL_HINT] = {"Tell support what it is about, if you like. Nobody sees this screen before you allow it.", "Sagen Sie, wenn Sie möchten, worum es geht. Niemand sieht diesen Bildschirm, bevor Sie es erlauben.", "Dites, si vous voulez, de quoi il s’agit. Personne ne voit cet écran sans votre accord.", "Indique, si quiere, de qué se trata. Nadie ve esta pantalla sin su permiso."},
    [T_CALL_PRESET + 0] = {"Machine has stopped", "Maschine steht", "Machine arrêtée", "Máquina parada"},
    [T_CALL_PRESET + 1] = {"Jam at the capper", "Stau am Verschließer", "Bourrage à la boucheuse", "Atasco en la taponadora"},
    [T_CALL_PRESET + 2] = {"Filling level wrong", "Füllhöhe falsch", "Niveau incorrect", "Nivel de llenado incorrecto"},
    [T_CALL_PRESET + 3] = {"Alarm unclear", "Alarm unklar", "Alarme incomprise", "Alarma no clara"},
    [T_CALL_PRESET + 4] = {"Recipe change", "Rezeptwechsel", "Changement de recette", "Cambio de receta"},
    [T_CALL_PRESET + 5] = {"Too many rejects", "Zu viel Ausschuss", "Trop de rejets", "Demasiados rechazos"},
    [T_CALL_NOTE] = {"Note for support", "Notiz für den Support", "Note pour le support", "Nota para soporte"},
    [T_CALL_BACK] = {"Where to call you back, if nobody can help at once", "Wo Sie zurückgerufen werden, wenn gerade niemand helfen kann", "Où vous rappeler, si personne n’est libre", "Dónde devolverle la llamada, si nadie está libre"},
    [T_CALL_SEND] = {"Call now", "Jetzt rufen", "Appeler", "Llamar ahora"},
    [T_CANCEL] = {"Cancel", "Abbrechen", "Fermer", "Cancelar"},
    [T_ASKS] = {"Request to see this screen", "Anfrage, diesen Bildschirm zu sehen", "Demande de voir cet écran", "Solicitud para ver esta pantalla"},
    [T_WHY] = {"Reason", "Grund", "Motif", "Motivo"},
    [T_WHAT] = {"What", "Was", "Quoi", "Qué"},
    [T_SEE_SCREEN] = {"See this screen", "Diesen Bildschirm sehen", "Voir cet écran", "Ver esta pantalla"},
    [T_SEE_SCREEN_MEANS] = {"All that this panel shows.", "Alles, was dieses Panel zeigt.", "Tout ce que ce pupitre affiche.", "Todo lo que muestra este panel."},
    [T_CAMERA] = {"Use the camera", "Die Kamera benutzen", "Utiliser la caméra", "Usar la cámara"},
    [T_CAMERA_MEANS] = {"What the camera of this machine sees.", "Was die Kamera dieser Maschine sieht.", "Ce que voit la caméra de cette machine.", "Lo que ve la cámara de esta máquina."},
    [T_VOICE] = {"Hear and talk", "Hören und sprechen", "Écouter et parler", "Oír y hablar"},
    [T_VOICE_MEANS] = {"The microphone here, and their voice.", "Das Mikrofon hier und die Stimme des Supports.", "Le micro d’ici et la voix du support.", "El micrófono de aquí y la voz del soporte."},
    [T_FACE] = {"Show their face", "Das Gesicht zeigen", "Montrer le visage", "Mostrar la cara"},
    [T_FACE_MEANS] = {"Who helps you appears on this panel.", "Wer hilft, erscheint auf diesem Panel.", "La personne qui aide s’affiche sur ce pupitre.", "Quien ayuda aparece en este panel."},
    [T_CONTROL] = {"Press buttons here", "Hier Tasten drücken", "Appuyer sur des boutons", "Pulsar botones aquí"},
    [T_CONTROL_MEANS] = {"Touch and type on this panel from afar.", "Dieses Panel aus der Ferne bedienen.", "Utiliser ce pupitre à distance.", "Usar este panel a distancia."},
    [T_LOGS] = {"Read the logs", "Protokolle lesen", "Lire les journaux", "Leer los registros"},
    [T_LOGS_MEANS] = {"What this machine has written down about itself.", "Was diese Maschine über sich aufgezeichnet hat.", "Ce que cette machine a noté sur elle-même.", "Lo que esta máquina ha anotado de sí misma."},
    [T_CODE] = {"Code", "Code", "Code", "Código"},
    [T_ASKS_MORE] = {"Request for more in this session", "Anfrage nach mehr in dieser Sitzung", "Demande de droits supplémentaires", "Solicitud de más en esta sesión"},
    [T_ASKS_AGAIN] = {"May this session go on?", "Darf diese Sitzung weitergehen?", "Cette session peut-elle continuer ?", "¿Puede seguir esta sesión?"},
    [T_HOW_LONG] = {"How long", "Wie lange", "Durée", "Cuánto"},
    [T_UP_TO_MINUTES] = {"At most {} minutes", "Höchstens {} Minuten", "{} minutes au plus", "{} minutos como máximo"},
    [T_STOP_ANY_TIME] = {"You can stop it at any moment.", "Sie können jederzeit beenden.", "Vous pouvez arrêter à tout moment.", "Puede detenerlo en cualquier momento."},
    [T_SILENCE] = {"No answer within {} means no", "Keine Antwort in {} heißt Nein", "Sans réponse dans {} : refus", "Sin respuesta en {}: no"},
    [T_ALLOW] = {"Allow", "Erlauben", "Autoriser", "Permitir"},
    [T_DENY] = {"Deny", "Ablehnen", "Refuser", "Denegar"},
    [T_CONNECTING] = {"is about to see this screen", "sieht gleich diesen Bildschirm", "va voir cet écran", "va a ver esta pantalla"},
    [T_SEES] = {"sees this screen", "sieht diesen Bildschirm", "voit cet écran", "ve esta pantalla"},
    [T_FROZEN] = {"sees a frozen picture", "sieht ein stehendes Bild", "voit une image figée", "ve una imagen fija"},
    [T_TIME_LEFT] = {"{} left", "noch {}", "encore {}", "quedan {}"},
    [T_MINUTES_GRANTED] = {"{} min granted", "{} min erlaubt", "{} min accordées", "{} min permitidos"},
    [T_MUTE] = {"Mute", "Stumm", "Muet", "Silenciar"},
    [T_UNMUTE] = {"Talk", "Sprechen", "Parler", "Hablar"},
    [T_NO_MICROPHONE] = {"No microphone", "Kein Mikrofon", "Pas de micro", "Sin micrófono"},
    [T_CHAT] = {"Chat", "Chat", "Chat", "Chat"},
    [T_CHAT_WITH] = {"Chat with support", "Chat mit dem Support", "Chat avec le support", "Chat con soporte"},
    [T_CHAT_CLOSE] = {"Close", "Schließen", "Fermer", "Cerrar"},
    [T_CHAT_SEND] = {"Send", "Senden", "Envoyer", "Enviar"},
    [T_CHAT_ANSWER + 0] = {"Yes", "Ja", "Oui", "Sí"},
    [T_CHAT_ANSWER + 1] = {"No", "Nein", "Non", "No"},
    [T_CHAT_ANSWER + 2] = {"One moment", "Einen Moment", "Un instant", "Un momento"},
    [T_STOP] = {"Stop", "Beenden", "Arrêter", "Detener"},
    [T_STOPPING] = {"Stopping", "Endet", "Arrêt", "Fin"},
    [T_TAKE_AWAY] = {"Take away: {}", "Wegnehmen: {}", "Retirer : {}", "Quitar: {}"},
    [T_HIDE] = {"Hide from support", "Vor dem Support verbergen", "Masquer au support", "Ocultar al soporte"},
    [T_LOAD_RECIPE] = {"Load …", "Laden …", "Charger…", "Cargar…"},
    [T_PIN] = {"Shift leader's PIN", "PIN der Schichtleitung", "Code du chef d’équipe", "PIN del jefe de turno"},
    [T_PIN_HINT] = {"To load another recipe. Remote support can't see this pad.", "Um ein anderes Rezept zu laden. Der Fernsupport sieht dieses Feld nicht.", "Pour charger une autre recette. Le support ne voit pas ce pavé.", "Para cargar otra receta. El soporte no ve este teclado."},
    [T_PIN_WRONG] = {"This is not the PIN", "Das ist nicht die PIN", "Ce n’est pas le code", "Este no es el PIN"},
    [T_WITHDRAWN_TIMEOUT] = {"Request declined: nobody answered in time", "Anfrage abgelehnt: keine Antwort in der Zeit", "Demande refusée : pas de réponse à temps", "Solicitud denegada: nadie respondió a tiempo"},
    [T_WITHDRAWN] = {"The request was withdrawn", "Die Anfrage wurde zurückgezogen", "La demande a été retirée", "La solicitud fue retirada"},
    [T_WITHDRAWN_LOST] = {"Request declined: support service lost", "Anfrage abgelehnt: Support-Dienst verloren", "Demande refusée : service de support perdu", "Solicitud denegada: servicio de soporte perdido"},
    [T_ENDED] = {"Session ended: {}", "Sitzung beendet: {}", "Session terminée : {}", "Sesión terminada: {}"},
    [T_ENDED_PERSON] = {"stopped at this panel", "an diesem Panel beendet", "arrêtée à ce pupitre", "detenida en este panel"},
    [T_ENDED_LOCAL] = {"stopped on this device", "an diesem Gerät beendet", "arrêtée sur cet appareil", "detenida en este equipo"},
    [T_ENDED_AGENT] = {"the agent hung up", "der Support hat aufgelegt", "l’agent a raccroché", "el agente colgó"},
    [T_ENDED_EXPIRED] = {"the allowed time is over", "die erlaubte Zeit ist um", "le temps accordé est écoulé", "terminó el tiempo permitido"},
    [T_ENDED_PEER] = {"the connection to the agent was lost", "Verbindung zum Support verloren", "connexion à l’agent perdue", "se perdió la conexión con el agente"},
    [T_ENDED_FAULT] = {"a technical fault", "technischer Fehler", "défaut technique", "fallo técnico"},
    [T_ENDED_LOST] = {"support service lost", "Support-Dienst verloren", "service de support perdu", "servicio de soporte perdido"},
    [T_ENDED_UNANSWERED] = {"nobody said that it may go on", "niemand erlaubte die Fortsetzung", "personne n’a permis de continuer", "nadie permitió continuar"},
};
/* clang-format on */

static const char *const codes[TEXT_LANGUAGES] = {"en", "de", "fr", "es"};
static enum text_language current = TEXT_EN;

int text_find_language(const char *code) {
    for (int i = 0; i < TEXT_LANGUAGES; i++)
        if (!strcmp(code, codes[i]))
            return i;
    return -1;
}

const char *text_language_code(enum text_language language) {
    return codes[language];
}

void text_set_language(enum text_language language) {
    current = language;
}

enum text_language text_get_language(void) {
    return current;
}

const char *text(enum text_id id) {
    const char *found = texts[id][current];

    return found ? found : "";
}

const char *text_with(char *buffer, size_t size, enum text_id id, const char *value) {
    const char *format = text(id), *gap = strstr(format, "{}");

    if (gap)
        snprintf(buffer, size, "%.*s%s%s", (int)(gap - format), format, value, gap + 2);
    else
        snprintf(buffer, size, "%s", format);
    return buffer;
}
