/* text.c: see text.h. One line a text: English, German, French, Spanish, Chinese. */
#include "text.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const char *const texts[T_COUNT][TEXT_LANGUAGES] = {
    [T_MACHINE] = {"Filler 1", "Füller 1", "Remplisseuse 1", "Llenadora 1", "1号灌装机"},
    [T_PLACE] = {"BF-200 · Hall 3, line 2", "BF-200 · Halle 3, Linie 2", "BF-200 · Hall 3, ligne 2", "BF-200 · Nave 3, línea 2", "BF-200 · 3号车间 2号线"},
    [T_RUNNING] = {"RUNNING", "LÄUFT", "EN MARCHE", "EN MARCHA", "运行中"},
    [T_STOPPED] = {"STOPPED", "GESTOPPT", "À L’ARRÊT", "PARADA", "已停止"},
    [T_HELD] = {"HELD", "ANGEHALTEN", "SUSPENDUE", "RETENIDA", "已暂停"},
    [T_SHIFT] = {"Early shift", "Frühschicht", "Équipe du matin", "Turno de mañana", "早班"},
    [T_RECIPE_IS] = {"Recipe 014 · Apple juice 0.5 l", "Rezept 014 · Apfelsaft 0,5 l", "Recette 014 · Jus de pomme 0,5 l", "Receta 014 · Zumo de manzana 0,5 l", "配方 014 · 苹果汁 0.5 升"},
    [T_NO_ALARM] = {"No active alarm", "Kein aktiver Alarm", "Aucune alarme active", "Ninguna alarma activa", "无报警"},
    [T_OVERVIEW] = {"Overview", "Übersicht", "Synoptique", "Resumen", "总览"},
    [T_ALARMS] = {"Alarms", "Alarme", "Alarmes", "Alarmas", "报警"},
    [T_TREND] = {"Trend", "Trend", "Courbes", "Tendencia", "趋势"},
    [T_RECIPE] = {"Recipe", "Rezept", "Recette", "Receta", "配方"},
    [T_SERVICE] = {"Service", "Service", "Service", "Servicio", "维护"},

    [T_LEVEL] = {"Product tank level", "Füllstand Produkttank", "Niveau cuve produit", "Nivel del tanque", "产品罐液位"},
    [T_SPEED] = {"Line speed", "Liniengeschwindigkeit", "Cadence de la ligne", "Velocidad de línea", "生产线速度"},
    [T_PRESSURE] = {"Tank pressure", "Tankdruck", "Pression de cuve", "Presión del tanque", "罐内压力"},
    [T_TEMPERATURE] = {"Product temperature", "Produkttemperatur", "Température produit", "Temperatura producto", "产品温度"},
    [T_UNIT_LEVEL] = {"%", "%", "%", "%", "%"},
    [T_UNIT_SPEED] = {"bottles/min", "Fl./min", "bout./min", "bot./min", "瓶/分钟"},
    [T_UNIT_PRESSURE] = {"bar", "bar", "bar", "bar", "bar"},
    [T_UNIT_TEMPERATURE] = {"°C", "°C", "°C", "°C", "°C"},
    [T_SET_POINT] = {"SP {}", "SW {}", "Cons. {}", "PC {}", "设定 {}"},
    [T_INFEED] = {"INFEED", "EINLAUF", "ENTRÉE", "ENTRADA", "进瓶"},
    [T_FILLER] = {"FILLER", "FÜLLER", "REMPLISSAGE", "LLENADO", "灌装"},
    [T_CAPPER] = {"CAPPER", "VERSCHLIESSER", "BOUCHAGE", "TAPADO", "旋盖"},
    [T_INSPECTION] = {"INSPECTION", "KONTROLLE", "CONTRÔLE", "CONTROL", "检测"},
    [T_OUTFEED] = {"OUTFEED", "AUSLAUF", "SORTIE", "SALIDA", "出瓶"},
    [T_PRODUCTION] = {"Production", "Produktion", "Production", "Producción", "生产"},
    [T_GOOD] = {"Good bottles", "Gute Flaschen", "Bouteilles bonnes", "Botellas buenas", "合格瓶数"},
    [T_REJECTED] = {"Rejected", "Ausschuss", "Rejets", "Rechazadas", "剔除"},
    [T_OEE] = {"OEE", "OEE", "TRS", "OEE", "OEE"},
    [T_BATCH] = {"Batch 26-0318", "Charge 26-0318", "Lot 26-0318", "Lote 26-0318", "批次 26-0318"},
    [T_REMAINING] = {"Time to go", "Restzeit", "Temps restant", "Tiempo restante", "剩余时间"},
    [T_MEAN_VOLUME] = {"Mean volume", "Mittl. Füllmenge", "Volume moyen", "Volumen medio", "平均灌装量"},
    [T_LINE_START] = {"Start line", "Linie starten", "Démarrer", "Arrancar", "启动生产线"},
    [T_LINE_STOP] = {"Stop line", "Linie stoppen", "Arrêter", "Parar línea", "停止生产线"},
    [T_LINE_RESET] = {"Reset", "Quittieren", "Réarmer", "Rearmar", "复位"},
    [T_COMMANDS] = {"Line", "Linie", "Ligne", "Línea", "生产线"},
    [T_ACTIVE_ALARMS] = {"Latest alarms", "Letzte Alarme", "Dernières alarmes", "Últimas alarmas", "最新报警"},

    [T_TIME] = {"Time", "Zeit", "Heure", "Hora", "时间"},
    [T_PRIORITY] = {"Priority", "Priorität", "Priorité", "Prioridad", "优先级"},
    [T_TAG] = {"Tag", "Kennz.", "Repère", "TAG", "位号"},
    [T_MESSAGE] = {"Message", "Meldung", "Message", "Mensaje", "信息"},
    [T_STATE] = {"State", "Zustand", "État", "Estado", "状态"},
    [T_ACTIVE] = {"Active", "Aktiv", "Active", "Activa", "激活"},
    [T_ACKNOWLEDGED] = {"Acknowledged", "Quittiert", "Acquittée", "Reconocida", "已确认"},
    [T_CLEARED] = {"Cleared {}", "Gegangen {}", "Disparue {}", "Fin {}", "已消除 {}"},
    [T_ACK_ONE] = {"Acknowledge", "Quittieren", "Acquitter", "Reconocer", "确认"},
    [T_ACK_ALL] = {"Acknowledge all", "Alle quittieren", "Tout acquitter", "Reconocer todas", "全部确认"},
    [T_HIGH] = {"High", "Hoch", "Haute", "Alta", "高"},
    [T_MEDIUM] = {"Medium", "Mittel", "Moyenne", "Media", "中"},
    [T_LOW] = {"Low", "Niedrig", "Basse", "Baja", "低"},
    [T_ALARM + SIM_ALARM_CAPS_LOW] = {"Cap hopper below refill mark", "Kappenvorrat unter Nachfüllmarke", "Trémie à bouchons sous le repère", "Tolva de tapones bajo la marca", "瓶盖料斗低于补料线"},
    [T_ALARM + SIM_ALARM_CAPPER_JAM] = {"Capper jammed, line held", "Verschließer blockiert, Linie angehalten", "Bourrage à la boucheuse, ligne suspendue", "Atasco en la taponadora, línea retenida", "旋盖机卡住，生产线暂停"},
    [T_ALARM + SIM_ALARM_TANK_LOW] = {"Product tank level low", "Füllstand Produkttank niedrig", "Niveau bas dans la cuve produit", "Nivel bajo en el tanque de producto", "产品罐液位低"},
    [T_ALARM + SIM_ALARM_PRESSURE] = {"Tank pressure off its set point", "Tankdruck weicht vom Sollwert ab", "Écart de pression de la cuve", "Presión del tanque fuera de consigna", "罐内压力偏离设定值"},
    [T_ALARM + SIM_ALARM_TEMPERATURE] = {"Product temperature high", "Produkttemperatur hoch", "Température produit haute", "Temperatura de producto alta", "产品温度高"},
    [T_ALARM + SIM_ALARM_UNDERFILL] = {"Valve 4: bottle underfilled", "Ventil 4: Flasche unterfüllt", "Vanne 4 : bouteille sous-remplie", "Válvula 4: botella con poco llenado", "4号阀：灌装不足"},
    [T_ALARM + SIM_ALARM_GAP] = {"Infeed: gap between bottles", "Einlauf: Lücke im Flaschenstrom", "Entrée : vide entre bouteilles", "Entrada: hueco entre botellas", "进瓶：瓶间有空隙"},
    [T_ALARM + SIM_ALARM_CIP] = {"Cleaning (CIP) due within 8 h", "Reinigung (CIP) in 8 h fällig", "Nettoyage (NEP) à faire sous 8 h", "Limpieza (CIP) antes de 8 h", "8 小时内需清洗 (CIP)"},
    [T_ALARM + SIM_ALARM_AIR] = {"Compressed air pressure low", "Druckluft zu niedrig", "Pression d’air comprimé basse", "Presión de aire comprimido baja", "压缩空气压力低"},
    [T_ALARM + SIM_ALARM_DOOR] = {"Guard door 2 opened", "Schutztür 2 geöffnet", "Porte de protection 2 ouverte", "Puerta de protección 2 abierta", "2号安全门已打开"},
    [T_ALARM + SIM_ALARM_OUTFEED] = {"Outfeed table nearly full", "Auslauftisch fast voll", "Table de sortie presque pleine", "Mesa de salida casi llena", "出瓶台将满"},

    [T_LAST_MINUTES] = {"Last 10 minutes", "Letzte 10 Minuten", "10 dernières minutes", "Últimos 10 minutos", "最近 10 分钟"},
    [T_NOW] = {"Now", "Jetzt", "Actuel", "Ahora", "当前"},
    [T_MINIMUM] = {"Min", "Min", "Min", "Mín", "最小"},
    [T_MAXIMUM] = {"Max", "Max", "Max", "Máx", "最大"},
    [T_MEAN] = {"Mean", "Mittel", "Moy.", "Media", "平均"},

    [T_PARAMETER] = {"Parameter", "Parameter", "Paramètre", "Parámetro", "参数"},
    [T_SET] = {"Set", "Soll", "Consigne", "Consigna", "设定"},
    [T_ACTUAL] = {"Actual", "Ist", "Mesure", "Real", "实际"},
    [T_UNIT] = {"Unit", "Einh.", "Unité", "Unidad", "单位"},
    [T_MIN] = {"Min", "Min", "Min", "Mín", "最小"},
    [T_MAX] = {"Max", "Max", "Max", "Máx", "最大"},
    [T_VALVE] = {"Valve", "Ventil", "Vanne", "Válv.", "阀"},
    [T_VOLUME] = {"ml", "ml", "ml", "ml", "毫升"},
    [T_FILL_TIME] = {"Fill, s", "Füllzeit, s", "Durée, s", "Tiempo, s", "灌装，秒"},
    [T_OFFSET] = {"Offset, ms", "Offset, ms", "Décal., ms", "Ajuste, ms", "偏移，毫秒"},
    [T_CYCLES] = {"Cycles", "Zyklen", "Cycles", "Ciclos", "次数"},
    [T_VALVES] = {"Filling valves", "Füllventile", "Vannes de remplissage", "Válvulas de llenado", "灌装阀"},
    [T_RECIPES] = {"Recipes", "Rezepte", "Recettes", "Recetas", "配方"},
    [T_APPLE] = {"Apple juice 0.5 l", "Apfelsaft 0,5 l", "Jus de pomme 0,5 l", "Zumo de manzana 0,5 l", "苹果汁 0.5 升"},
    [T_ORANGE] = {"Orange juice 0.5 l", "Orangensaft 0,5 l", "Jus d’orange 0,5 l", "Zumo de naranja 0,5 l", "橙汁 0.5 升"},
    [T_WATER] = {"Still water 0.5 l", "Stilles Wasser 0,5 l", "Eau plate 0,5 l", "Agua sin gas 0,5 l", "纯净水 0.5 升"},
    [T_TEA] = {"Iced tea 0.33 l", "Eistee 0,33 l", "Thé glacé 0,33 l", "Té helado 0,33 l", "冰茶 0.33 升"},
    [T_LEMONADE] = {"Lemonade 1.0 l", "Limonade 1,0 l", "Limonade 1,0 l", "Limonada 1,0 l", "柠檬水 1.0 升"},
    [T_LOADED] = {"loaded", "geladen", "chargée", "cargada", "已加载"},
    [T_GROUP_FILLING] = {"Filling", "Füllen", "Remplissage", "Llenado", "灌装"},
    [T_GROUP_CAPPING] = {"Capping", "Verschließen", "Bouchage", "Tapado", "旋盖"},
    [T_GROUP_PRODUCT] = {"Product", "Produkt", "Produit", "Producto", "产品"},
    [T_GROUP_CONVEYOR] = {"Conveyor", "Transport", "Convoyeur", "Transportador", "输送带"},
    [T_P_VOLUME] = {"Filling volume", "Füllmenge", "Volume de remplissage", "Volumen de llenado", "灌装量"},
    [T_P_SPEED] = {"Line speed", "Liniengeschwindigkeit", "Cadence", "Velocidad de línea", "生产线速度"},
    [T_P_PREFILL] = {"Pre-fill time", "Vorfüllzeit", "Durée de pré-remplissage", "Tiempo de prellenado", "预灌时间"},
    [T_P_COARSE] = {"Coarse flow", "Grobstrom", "Débit gros", "Caudal grueso", "粗流"},
    [T_P_FINE] = {"Fine flow", "Feinstrom", "Débit fin", "Caudal fino", "细流"},
    [T_P_SETTLE] = {"Settling time", "Beruhigungszeit", "Temps de repos", "Tiempo de reposo", "稳定时间"},
    [T_P_LIFT] = {"Nozzle stroke", "Düsenhub", "Course des becs", "Carrera de boquillas", "喷嘴行程"},
    [T_P_TORQUE] = {"Closing torque", "Verschließmoment", "Couple de vissage", "Par de cierre", "旋盖扭矩"},
    [T_P_TORQUE_LIMIT] = {"Torque limit", "Grenzmoment", "Couple limite", "Par límite", "扭矩上限"},
    [T_P_HEAD_SPEED] = {"Head speed", "Kopfdrehzahl", "Vitesse de tête", "Velocidad de cabezal", "旋盖头转速"},
    [T_P_CAP_FEED] = {"Cap feed rate", "Kappenzufuhr", "Alimentation bouchons", "Alimentación de tapones", "供盖速度"},
    [T_P_PRESSURE] = {"Tank pressure", "Tankdruck", "Pression de cuve", "Presión del tanque", "罐内压力"},
    [T_P_TEMPERATURE] = {"Product temperature", "Produkttemperatur", "Température produit", "Temperatura producto", "产品温度"},
    [T_P_LEVEL] = {"Tank level", "Tankfüllstand", "Niveau de cuve", "Nivel del tanque", "罐内液位"},
    [T_P_CO2] = {"Inert gas dosing", "Inertgasdosierung", "Dosage gaz inerte", "Dosis de gas inerte", "惰性气体加注"},
    [T_P_PITCH] = {"Bottle pitch", "Flaschenteilung", "Pas des bouteilles", "Paso de botellas", "瓶距"},
    [T_P_RAMP] = {"Ramp-up", "Hochlauframpe", "Rampe de démarrage", "Rampa de arranque", "加速时间"},
    [T_P_BACK] = {"Back pressure", "Staudruck", "Contre-pression", "Contrapresión", "背压"},
    [T_P_REJECT] = {"Reject delay", "Ausschleusverzug", "Retard d’éjection", "Retardo de expulsión", "剔除延时"},
    [T_P_GAP] = {"Gap limit", "Lückengrenze", "Limite de vide", "Límite de hueco", "间隙上限"},

    [T_COMPONENT] = {"Component", "Bauteil", "Composant", "Componente", "部件"},
    [T_HOURS] = {"Run, h", "Lauf, h", "Marche, h", "Marcha, h", "运行，小时"},
    [T_INTERVAL] = {"Every, h", "Alle, h", "Tous les, h", "Cada, h", "周期，小时"},
    [T_LEFT_OVER] = {"Left, h", "Rest, h", "Reste, h", "Resto, h", "剩余，小时"},
    [T_WEAR] = {"Used", "Verbrauch", "Usure", "Uso", "损耗"},
    [T_S_SEALS] = {"Valve seals, set of 6", "Ventildichtungen, 6 Stück", "Joints de vannes, jeu de 6", "Juntas de válvula, 6 u.", "阀密封件，6 件套"},
    [T_S_CHUCKS] = {"Capping chucks", "Verschließköpfe", "Mandrins de bouchage", "Mandriles de tapado", "旋盖夹头"},
    [T_S_BELT] = {"Conveyor chain", "Transportkette", "Chaîne de convoyeur", "Cadena transportadora", "输送链"},
    [T_S_PUMP] = {"Feed pump bearing", "Lager Förderpumpe", "Palier de pompe", "Rodamiento de bomba", "供料泵轴承"},
    [T_S_FILTER] = {"Product filter", "Produktfilter", "Filtre produit", "Filtro de producto", "产品过滤器"},
    [T_S_GREASE] = {"Central lubrication", "Zentralschmierung", "Graissage centralisé", "Engrase central", "集中润滑"},
    [T_S_CAMERA] = {"Inspection lamp", "Kontrollleuchte", "Lampe de contrôle", "Lámpara de control", "检测灯"},
    [T_S_SCREW] = {"Infeed screw", "Einlaufschnecke", "Vis d’entrée", "Tornillo de entrada", "进瓶螺杆"},
    [T_MAINTENANCE] = {"Maintenance", "Wartung", "Maintenance", "Mantenimiento", "保养"},
    [T_INPUTS] = {"Inputs", "Eingänge", "Entrées", "Entradas", "输入"},
    [T_OUTPUTS] = {"Outputs", "Ausgänge", "Sorties", "Salidas", "输出"},
    [T_SYSTEM] = {"System", "System", "Système", "Sistema", "系统"},
    [T_SYS_PLC] = {"PLC program", "SPS-Programm", "Programme API", "Programa PLC", "PLC 程序"},
    [T_SYS_HMI] = {"HMI software", "HMI-Software", "Logiciel IHM", "Software HMI", "HMI 软件"},
    [T_SYS_SERIAL] = {"Serial number", "Seriennummer", "N° de série", "N.º de serie", "序列号"},
    [T_SYS_HOURS] = {"Operating hours", "Betriebsstunden", "Heures de marche", "Horas de servicio", "运行小时"},
    [T_SYS_NETWORK] = {"Field bus", "Feldbus", "Bus de terrain", "Bus de campo", "现场总线"},
    [T_SYS_SUPPORT] = {"Remote support", "Fernwartung", "Téléassistance", "Soporte remoto", "远程支持"},
    [T_CONNECTED] = {"connected", "verbunden", "connecté", "conectado", "已连接"},
    [T_NOT_CONNECTED] = {"not connected", "nicht verbunden", "non connecté", "sin conexión", "未连接"},

    [T_CALL_SUPPORT] = {"Call support", "Support rufen", "Appeler le support", "Llamar a soporte", "呼叫支持"},
    [T_NO_RECORD] = {"No support: the record of sessions can’t be written", "Kein Support: Sitzungen sind nicht protokollierbar", "Pas de support : journal des sessions indisponible", "Sin soporte: no se puede registrar la sesión", "无法支持：会话记录无法写入"},
    [T_LOOKED] = {"Who looked", "Wer sah zu", "Qui a regardé", "Quién miró", "谁看过"},
    [T_LOOKED_NOBODY] = {"Nobody yet", "Noch niemand", "Personne jusqu'ici", "Nadie hasta ahora", "尚无人"},
    [T_LOOKED_WHO] = {"Who", "Wer", "Qui", "Quién", "人员"},
    [T_LOOKED_END] = {"Ended", "Ende", "Fin", "Fin", "结束"},
    [T_LOOKED_LIVE] = {"still on", "läuft noch", "en cours", "en curso", "仍在进行"},
    [T_LOOKED_CUT] = {"power was cut", "Strom war weg", "coupure de courant", "corte de corriente", "断电"},
    [T_NO_SUPPORT] = {"Support not available", "Support nicht verfügbar", "Support indisponible", "Soporte no disponible", "支持不可用"},
    [T_CALLED] = {"Support has been called", "Support ist gerufen", "Le support est appelé", "Soporte avisado", "已呼叫支持"},
    [T_TAKE_BACK] = {"Take back", "Zurücknehmen", "Annuler", "Anular", "撤回"},
    [T_CALL_HINT] = {"Tell support what it is about, if you like. Nobody sees this screen before you allow it.", "Sagen Sie, wenn Sie möchten, worum es geht. Niemand sieht diesen Bildschirm, bevor Sie es erlauben.", "Dites, si vous voulez, de quoi il s’agit. Personne ne voit cet écran sans votre accord.", "Indique, si quiere, de qué se trata. Nadie ve esta pantalla sin su permiso.", "可以告诉支持人员是什么问题。在您允许之前，没有人能看到此屏幕。"},
    [T_CALL_PRESET + 0] = {"Machine has stopped", "Maschine steht", "Machine arrêtée", "Máquina parada", "机器已停止"},
    [T_CALL_PRESET + 1] = {"Jam at the capper", "Stau am Verschließer", "Bourrage à la boucheuse", "Atasco en la taponadora", "旋盖机卡住"},
    [T_CALL_PRESET + 2] = {"Filling level wrong", "Füllhöhe falsch", "Niveau incorrect", "Nivel de llenado incorrecto", "灌装液位不对"},
    [T_CALL_PRESET + 3] = {"Alarm unclear", "Alarm unklar", "Alarme incomprise", "Alarma no clara", "报警不明"},
    [T_CALL_PRESET + 4] = {"Recipe change", "Rezeptwechsel", "Changement de recette", "Cambio de receta", "更换配方"},
    [T_CALL_PRESET + 5] = {"Too many rejects", "Zu viel Ausschuss", "Trop de rejets", "Demasiados rechazos", "剔除过多"},
    [T_CALL_NOTE] = {"Note for support", "Notiz für den Support", "Note pour le support", "Nota para soporte", "给支持人员的留言"},
    [T_CALL_BACK] = {"Where to call you back, if nobody can help at once", "Wo Sie zurückgerufen werden, wenn gerade niemand helfen kann", "Où vous rappeler, si personne n’est libre", "Dónde devolverle la llamada, si nadie está libre", "如果暂时无人能帮忙，回电到哪里"},
    [T_CALL_SEND] = {"Call now", "Jetzt rufen", "Appeler", "Llamar ahora", "立即呼叫"},
    [T_CANCEL] = {"Cancel", "Abbrechen", "Fermer", "Cancelar", "取消"},
    [T_ASKS] = {"Request to see this screen", "Anfrage, diesen Bildschirm zu sehen", "Demande de voir cet écran", "Solicitud para ver esta pantalla", "请求查看此屏幕"},
    [T_WHY] = {"Reason", "Grund", "Motif", "Motivo", "原因"},
    [T_WHAT] = {"What", "Was", "Quoi", "Qué", "内容"},
    [T_SEE_SCREEN] = {"See this screen", "Diesen Bildschirm sehen", "Voir cet écran", "Ver esta pantalla", "查看此屏幕"},
    [T_SEE_SCREEN_MEANS] = {"All that this panel shows.", "Alles, was dieses Panel zeigt.", "Tout ce que ce pupitre affiche.", "Todo lo que muestra este panel.", "此面板显示的全部内容。"},
    [T_CAMERA] = {"Use the camera", "Die Kamera benutzen", "Utiliser la caméra", "Usar la cámara", "使用摄像头"},
    [T_CAMERA_MEANS] = {"What the camera of this machine sees.", "Was die Kamera dieser Maschine sieht.", "Ce que voit la caméra de cette machine.", "Lo que ve la cámara de esta máquina.", "这台机器的摄像头所看到的。"},
    [T_VOICE] = {"Hear and talk", "Hören und sprechen", "Écouter et parler", "Oír y hablar", "听和说"},
    [T_VOICE_MEANS] = {"The microphone here, and their voice.", "Das Mikrofon hier und die Stimme des Supports.", "Le micro d’ici et la voix du support.", "El micrófono de aquí y la voz del soporte.", "这里的麦克风和对方的声音。"},
    [T_FACE] = {"Show their face", "Das Gesicht zeigen", "Montrer le visage", "Mostrar la cara", "显示对方的脸"},
    [T_FACE_MEANS] = {"Who helps you appears on this panel.", "Wer hilft, erscheint auf diesem Panel.", "La personne qui aide s’affiche sur ce pupitre.", "Quien ayuda aparece en este panel.", "帮助您的人会出现在此面板上。"},
    [T_CONTROL] = {"Press buttons here", "Hier Tasten drücken", "Appuyer sur des boutons", "Pulsar botones aquí", "在此操作按钮"},
    [T_CONTROL_MEANS] = {"Touch and type on this panel from afar.", "Dieses Panel aus der Ferne bedienen.", "Utiliser ce pupitre à distance.", "Usar este panel a distancia.", "从远处触摸和输入。"},
    [T_LOGS] = {"Read the logs", "Protokolle lesen", "Lire les journaux", "Leer los registros", "读取日志"},
    [T_LOGS_MEANS] = {"What this machine has written down about itself.", "Was diese Maschine über sich aufgezeichnet hat.", "Ce que cette machine a noté sur elle-même.", "Lo que esta máquina ha anotado de sí misma.", "这台机器关于自身的记录。"},
    [T_CODE] = {"Code", "Code", "Code", "Código", "代码"},
    [T_ASKS_MORE] = {"Request for more in this session", "Anfrage nach mehr in dieser Sitzung", "Demande de droits supplémentaires", "Solicitud de más en esta sesión", "请求在本次会话中增加权限"},
    [T_ASKS_AGAIN] = {"May this session go on?", "Darf diese Sitzung weitergehen?", "Cette session peut-elle continuer ?", "¿Puede seguir esta sesión?", "本次会话可以继续吗？"},
    [T_HOW_LONG] = {"How long", "Wie lange", "Durée", "Cuánto", "多长时间"},
    [T_UP_TO_MINUTES] = {"At most {} minutes", "Höchstens {} Minuten", "{} minutes au plus", "{} minutos como máximo", "最多 {} 分钟"},
    [T_STOP_ANY_TIME] = {"You can stop it at any moment.", "Sie können jederzeit beenden.", "Vous pouvez arrêter à tout moment.", "Puede detenerlo en cualquier momento.", "您可以随时停止。"},
    [T_SILENCE] = {"No answer within {} means no", "Keine Antwort in {} heißt Nein", "Sans réponse dans {} : refus", "Sin respuesta en {}: no", "{} 内没有回答即为拒绝"},
    [T_ALLOW] = {"Allow", "Erlauben", "Autoriser", "Permitir", "允许"},
    [T_DENY] = {"Deny", "Ablehnen", "Refuser", "Denegar", "拒绝"},
    [T_CONNECTING] = {"is about to see this screen", "sieht gleich diesen Bildschirm", "va voir cet écran", "va a ver esta pantalla", "即将看到此屏幕"},
    [T_SEES] = {"sees this screen", "sieht diesen Bildschirm", "voit cet écran", "ve esta pantalla", "正在查看此屏幕"},
    [T_FROZEN] = {"sees a frozen picture", "sieht ein stehendes Bild", "voit une image figée", "ve una imagen fija", "看到的是静止画面"},
    [T_LOST] = {"no connection for {} s, trying again", "seit {} s ohne Verbindung, neuer Versuch", "sans connexion depuis {} s, nouvel essai", "sin conexión desde hace {} s, reintentando", "已断开 {} 秒，正在重试"},
    [T_CALL_DONE] = {"Your call is closed · {}", "Ihr Ruf ist erledigt · {}", "Votre appel est traité · {}", "Su llamada está atendida · {}", "您的呼叫已处理 · {}"},
    [T_CAMERA_ON] = {"Camera on: {}", "Kamera an: {}", "Caméra active : {}", "Cámara activa: {}", "摄像头已打开：{}"},
    [T_TIME_LEFT] = {"{} left", "noch {}", "encore {}", "quedan {}", "剩余 {}"},
    [T_MINUTES_GRANTED] = {"{} min granted", "{} min erlaubt", "{} min accordées", "{} min permitidos", "已允许 {} 分钟"},
    [T_MUTE] = {"Mute", "Stumm", "Muet", "Silenciar", "静音"},
    [T_UNMUTE] = {"Talk", "Sprechen", "Parler", "Hablar", "通话"},
    [T_NO_MICROPHONE] = {"No microphone", "Kein Mikrofon", "Pas de micro", "Sin micrófono", "没有麦克风"},
    [T_CHAT] = {"Chat", "Chat", "Chat", "Chat", "文字"},
    [T_CHAT_WITH] = {"Chat with support", "Chat mit dem Support", "Chat avec le support", "Chat con soporte", "与支持人员文字交流"},
    [T_CHAT_CLOSE] = {"Close", "Schließen", "Fermer", "Cerrar", "关闭"},
    [T_CHAT_SEND] = {"Send", "Senden", "Envoyer", "Enviar", "发送"},
    [T_CHAT_ANSWER + 0] = {"Yes", "Ja", "Oui", "Sí", "是"},
    [T_CHAT_ANSWER + 1] = {"No", "Nein", "Non", "No", "否"},
    [T_CHAT_ANSWER + 2] = {"One moment", "Einen Moment", "Un instant", "Un momento", "请稍等"},
    [T_STOP] = {"Stop", "Beenden", "Arrêter", "Detener", "停止"},
    [T_STOPPING] = {"Stopping", "Endet", "Arrêt", "Fin", "正在停止"},
    [T_TAKE_AWAY] = {"Take away: {}", "Wegnehmen: {}", "Retirer : {}", "Quitar: {}", "取消：{}"},
    [T_HIDE] = {"Hide from support", "Vor dem Support verbergen", "Masquer au support", "Ocultar al soporte", "对支持人员隐藏"},
    [T_LOAD_RECIPE] = {"Load …", "Laden …", "Charger…", "Cargar…", "加载 …"},
    [T_PIN] = {"Shift leader's PIN", "PIN der Schichtleitung", "Code du chef d’équipe", "PIN del jefe de turno", "班长密码"},
    [T_PIN_HINT] = {"To load another recipe. Remote support can't see this pad.", "Um ein anderes Rezept zu laden. Der Fernsupport sieht dieses Feld nicht.", "Pour charger une autre recette. Le support ne voit pas ce pavé.", "Para cargar otra receta. El soporte no ve este teclado.", "用于加载其他配方。远程支持看不到此键盘。"},
    [T_PIN_WRONG] = {"This is not the PIN", "Das ist nicht die PIN", "Ce n’est pas le code", "Este no es el PIN", "密码错误"},
    [T_WITHDRAWN_TIMEOUT] = {"Request declined: nobody answered in time", "Anfrage abgelehnt: keine Antwort in der Zeit", "Demande refusée : pas de réponse à temps", "Solicitud denegada: nadie respondió a tiempo", "请求已拒绝：无人及时回答"},
    [T_WITHDRAWN] = {"The request was withdrawn", "Die Anfrage wurde zurückgezogen", "La demande a été retirée", "La solicitud fue retirada", "请求已撤回"},
    [T_WITHDRAWN_LOST] = {"Request declined: support service lost", "Anfrage abgelehnt: Support-Dienst verloren", "Demande refusée : service de support perdu", "Solicitud denegada: servicio de soporte perdido", "请求已拒绝：支持服务断开"},
    [T_ENDED] = {"Session ended: {}", "Sitzung beendet: {}", "Session terminée : {}", "Sesión terminada: {}", "会话已结束：{}"},
    [T_ENDED_PERSON] = {"stopped at this panel", "an diesem Panel beendet", "arrêtée à ce pupitre", "detenida en este panel", "在此面板上停止"},
    [T_ENDED_LOCAL] = {"stopped on this device", "an diesem Gerät beendet", "arrêtée sur cet appareil", "detenida en este equipo", "在此设备上停止"},
    [T_ENDED_AGENT] = {"the agent hung up", "der Support hat aufgelegt", "l’agent a raccroché", "el agente colgó", "支持人员已挂断"},
    [T_ENDED_EXPIRED] = {"the allowed time is over", "die erlaubte Zeit ist um", "le temps accordé est écoulé", "terminó el tiempo permitido", "允许的时间已到"},
    [T_ENDED_PEER] = {"the connection to the agent was lost", "Verbindung zum Support verloren", "connexion à l’agent perdue", "se perdió la conexión con el agente", "与支持人员的连接中断"},
    [T_ENDED_FAULT] = {"a technical fault", "technischer Fehler", "défaut technique", "fallo técnico", "技术故障"},
    [T_ENDED_LOST] = {"support service lost", "Support-Dienst verloren", "service de support perdu", "servicio de soporte perdido", "支持服务断开"},
    [T_ENDED_UNANSWERED] = {"nobody said that it may go on", "niemand erlaubte die Fortsetzung", "personne n’a permis de continuer", "nadie permitió continuar", "无人表示可以继续"},
};
/* clang-format on */

static const char *const codes[TEXT_LANGUAGES] = {"en", "de", "fr", "es", "zh"};
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
