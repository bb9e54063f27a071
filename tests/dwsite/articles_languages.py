# ruff: noqa: E501 - a paragraph stays in one line
"""Articles in several languages and scripts, in words written for this project."""

from __future__ import annotations

from tests.dwsite import ids
from tests.dwsite.shapes import Content, external, heading, image, p, ref, span

LANGUAGES = (
    Content(
        ids.SEED_ZH,
        "zh",
        "小城的图书馆搬到了船上",
        (
            p(f"（本站虚构）河边小城的图书馆从今年春天起开在一条旧船上。{ref(ids.TRADITIONAL, '夜市的摊主们')}也常来借书。"),
            p(f"馆长说，船每周停靠三个码头。德国的一座小镇{ref(ids.GERMAN, '做过同样的尝试')}，结果令人满意。"),
            image(71000002, "读者在甲板上看书，背景是旧码头。"),
            heading("书会不会受潮？"),
            p(
                f"工程师在船舱里装了风扇，{ref(ids.VIDEO_BY_REFERENCE, '这段视频')}展示了全过程；图片见{ref(ids.GALLERY_BY_REFERENCE, '图集')}。"
            ),
            p(f"关于开放时间，{ref(ids.MISSING, '旧公告')}已经找不到了。"),
            p("（虚构报道）"),
        ),
        teaser="一条旧货船成了新的图书馆，孩子们排队上船。",
        category="文化",
        display_date="2026-02-03T06:15:20.123Z",
        main=image(ids.SEED_ZH_PICTURE, "船上的图书馆每周停靠三个码头。", name="Bibliotheksschiff im Hafen"),
        keys={"persons": [{"firstName": None, "lastName": "林晓舟"}]},
    ),
    Content(
        ids.TRADITIONAL,
        "zh",
        "「夜間市集」能留住年輕人嗎？",
        (
            p(f"（虛構）港邊的夜間市集今年延長到凌晨兩點。{ref(ids.SEED_ZH, '船上的圖書館')}就在隔壁。"),
            p("攤主表示，年輕人喜歡聽街頭音樂，也願意自己動手做燈籠。"),
            image(71000003, "市集入口的燈籠"),
            p("市政府說，明年會再增加二十個攤位。"),
        ),
        teaser="燈籠、音樂與手作，港邊的夜晚熱鬧起來。",
        category="社會",
        display_date="2026-02-03T21:40:00.000Z",
        main=image(71000004, ""),
        keys={"persons": ["     陳雨（虛構報導）"]},
    ),
    Content(
        ids.GERMAN,
        "de",
        "Straßenbahn statt Stau: Ein Städtchen übt Geduld",
        (
            p("In Öhrenfeld fährt seit Montag wieder eine Straßenbahn, zum ersten Mal seit sechzig Jahren."),
            p(f"Die Fahrerin grüßt jeden Gast. Vorbild war {ref(ids.SEED_ZH, 'ein Bücherschiff in China')}."),
            heading("Übung macht den Meister"),
            image(71000005, "Haltestelle „Am Mühlrad“: Hier beginnt die Linie 1."),
            p("Größere Störungen gab es nicht; nur ein Gänseschwarm hielt den Betrieb für zehn Minuten auf."),
            p("ab/cd (Eigenbericht)"),
        ),
        teaser="Sechzig Jahre nach der letzten Fahrt rollt die Linie 1 wieder.",
        category="Verkehr",
        display_date="2026-02-04T10:00:00.500Z",
        main=image(71000006, "Die neue Linie 1 vor dem Rathaus"),
        keys={"persons": [{"firstName": "Änne", "lastName": "Groß"}, {"firstName": "Jörg", "lastName": "Möwe"}]},
    ),
    Content(
        ids.ENGLISH,
        "en",
        "A village shares one clock and arrives on time",
        (
            p(
                f"For a year the village of Marrow End has kept a single clock. {ref(ids.ARABIC, 'A town by the sea')} copied it."
            ),
            p(
                f"Teachers in {ref(ids.AMHARIC, 'a school in the highlands')} did the same; so did {span(ids.PERSIAN, 'a caravanserai')}."
            ),
            image(71000007, "The clock in the post office window"),
            heading("Who winds it?"),
            p(f"Whoever is up first. A {ref(ids.HINDI, 'potter')} and a {ref(ids.BENGALI, 'boatman')} tell similar stories."),
            p("<em>Edited by: nobody in particular</em>"),
        ),
        teaser="One clock for four hundred people: does it work?",
        category="Society",
        display_date="2026-02-05T12:30:45.000Z",
        main=image(71000008, "Marrow End at noon"),
        keys={"persons": ["Wren  Hollow", "Ada Marsh"]},
    ),
    Content(
        ids.ARABIC,
        "ar",
        "بلدة على البحر تزرع الأشجار في القوارب القديمة",
        (
            p("في بلدة صغيرة على البحر، صار كل قارب قديم حديقة. تقول السكان إن الفكرة بدأت بشجرة ليمون واحدة."),
            image(71000009, "قارب قديم فيه شجرة ليمون"),
            p(f"وقد كتبت عنها {ref(ids.ENGLISH, 'صحيفة القرية')} قبل عام."),
        ),
        teaser="حديقة من قوارب لا تبحر.",
        category="بيئة",
        display_date="2026-02-05T15:00:00.000Z",
        main=image(71000010, "الميناء القديم عند الغروب"),
        keys={"persons": [{"name": "سلمى النجار"}]},
    ),
    Content(
        ids.AMHARIC,
        "am",
        "ተማሪዎች የራሳቸውን የአየር ሁኔታ ጣቢያ ሠሩ",
        (
            p("በከፍተኛ ቦታ ላይ ያለ ትምህርት ቤት ተማሪዎች ዝናብንና ነፋስን በራሳቸው መሣሪያ ይለካሉ።"),
            p("መምህራቸው እንዲህ ይላሉ፦ «ልጆቹ በየቀኑ ይጽፋሉ፤ አንድም ቀን አልዘለሉም።»"),
            image(71000011, "የተማሪዎቹ የዝናብ መለኪያ"),
        ),
        teaser="ዝናብን የሚለኩ ልጆች",
        display_date="2026-02-06T05:20:00.000Z",
        main=image(71000012, "ትምህርት ቤቱ በተራራው ላይ"),
    ),
    Content(
        ids.PERSIAN,
        "fa-ir",
        "کاروانسرایی که دوباره چراغ روشن کرد",
        (
            p("در حاشیهٔ کویر، کاروانسرایی پس از صد سال دوباره مهمان می‌پذیرد."),
            p("نان تازه، چای و حیاطی پر از ستاره؛ می‌گویند شب‌ها صدای ساعتی از دور شنیده می‌شود."),
        ),
        teaser="صد سال سکوت و یک چراغ",
        display_date="2026-02-06T18:00:00.000Z",
        main=image(71000013, "حیاط کاروانسرا"),
        keys={"author": "نیلوفر   دشتی"},
    ),
    Content(
        ids.HINDI,
        "hi",
        "कुम्हार ने मिट्टी के रेडियो बनाए",
        (
            p("एक छोटे गाँव के कुम्हार ने मिट्टी के डिब्बों में रेडियो लगाए हैं। शाम को पूरा गाँव सुनता है।"),
            image(71000014, "मिट्टी का रेडियो"),
            p("वे कहते हैं कि मिट्टी में आवाज़ गर्म लगती है।"),
        ),
        teaser="मिट्टी से निकलती आवाज़",
        display_date="2026-02-07T03:10:00.000Z",
    ),
    Content(
        ids.BENGALI,
        "bn",
        "নৌকার মাঝি আঁকেন নদীর মানচিত্র",
        (
            p("চল্লিশ বছর ধরে এক মাঝি নদীর বাঁক এঁকে রাখছেন। প্রতি বর্ষায় মানচিত্র বদলে যায়।"),
            p(f"তাঁর কথা প্রথম লিখেছিল {ref(ids.ENGLISH, 'একটি গ্রামের কাগজ')}।"),
            image(71000015, None),
        ),
        teaser="নদী বদলায়, মানচিত্রও।",
        display_date="2026-02-07T09:45:00.000Z",
        main=image(71000016, "মাঝি ও তাঁর খাতা"),
    ),
    *(
        Content(
            dw_id,
            "en",
            f"Five letters from the lighthouse, part {place + 1}",
            (
                p(f"Letter {place + 1} tells of a calm week, {7 - place} gulls and a lamp that needed oil."),
                p(f"It ends with a pointer to {ref(ids.CHAIN[place + 1], 'the next letter')}.")
                if place + 1 < len(ids.CHAIN)
                else p("It is the last one."),
            ),
            teaser="A keeper writes home.",
            display_date=f"2026-01-1{place}T07:00:00.000Z",
            main=image(71000020 + place, f"Envelope number {place + 1}"),
        )
        for place, dw_id in enumerate(ids.CHAIN)
    ),
    Content(
        ids.RUSSIAN,
        "ru",
        "Оркестр играет на льду: «Скрипки не мёрзнут»",
        (
            p("Городской оркестр сыграл концерт на замёрзшем озере. Слушатели пришли на лыжах."),
            heading("Почему не скользко?"),
            p(f"Под стульями лежали коврики из сена. О похожем опыте рассказывает {ref(ids.GERMAN, 'немецкий городок')}."),
            image(71000026, "Скрипачи на озере"),
        ),
        teaser="Зимний концерт под открытым небом.",
        display_date="2026-02-08T16:05:00.000Z",
        main=image(71000027, "Озеро вечером"),
        keys={"persons": [{"firstName": "Фёдор", "lastName": "Ёлкин"}]},
    ),
    Content(
        ids.SPANISH,
        "es",
        "¿Quién apagó el farol? Un pueblo investiga",
        (
            p("Cada noche, a las once y cuarto, se apaga el farol de la plaza. Nadie sabe por qué."),
            p("Los niños hicieron guardia con chocolate y mantas; el culpable era un búho."),
            image(71000028, "El búho, en plena acción", ending="jpeg"),
        ),
        teaser="Un misterio pequeño con alas grandes.",
        display_date="2026-02-09T22:15:00.000Z",
        main=image(71000029, "La plaza a oscuras"),
        keys={"persons": [{"firstName": "Íñigo", "lastName": "Peña  Ruiz"}]},
    ),
    Content(
        ids.TURKISH,
        "tr",
        "İğde ağacının gölgesinde açık hava kütüphanesi",
        (
            p("Bir mahalle, iğde ağacının altına raflar kurdu. Isteyen kitabı alıyor, dileyen yenisini bırakıyor."),
            p("Yağmur yağınca çocuklar rafların üstüne şemsiye açıyor."),
        ),
        teaser="Gölgede kitap, dalda iğde.",
        display_date="2026-02-10T11:11:11.000Z",
        main=image(71000030, "Ağacın altındaki raflar"),
    ),
    Content(
        ids.EMOJI,
        "en",
        "The 🦉 that learned 🎻: 𝓪 story with 👩🏽‍🚀 signs",
        (
            p("Some words need more than two bytes: 🦉, 𝄞, 𠜎, and a family 👨‍👩‍👧‍👦 in one glyph."),
            p("A flag 🇪🇹 is two letters; this e\u0301 is two characters; this space\u00a0is hard; this\u200bbreaks nothing."),
        ),
        teaser="🦉🎻",
        display_date="2026-02-11T00:00:00.000Z",
        main=image(71000031, "🎻 at dawn"),
    ),
    Content(
        ids.PORTUGUESE,
        "pt-br",
        "Padaria troca pão por histórias",
        (
            p("Na esquina da rua do Sol, um pão de queijo custa uma história bem contada."),
            p(
                f"A ideia veio de {external('https://example.org/historias?id=1&amp;x=2', 'uma avó')} que não gostava de moedas."
            ),
        ),
        teaser="Quem conta, come.",
        display_date="2026-02-11T13:00:00.000Z",
        main=image(71000032, "O balcão da padaria", ending="png"),
    ),
    *(
        Content(
            dw_id,
            "de",
            f"Im Kreis gefragt: Teil {place + 1} von 3",
            (
                p(f"Wer {ref(ids.CYCLE[(place + 1) % 3], 'den nächsten Teil')} liest, kommt irgendwann wieder hierher."),
                p(f"Und dieser Teil nennt {ref(ids.CYCLE[1], 'den zweiten')}."),
            ),
            teaser="Ein Rundgang.",
            display_date=f"2026-01-2{place}T07:00:00.000Z",
            main=image(71000033 + place, f"Wegweiser {place + 1}"),
        )
        for place, dw_id in enumerate(ids.CYCLE)
    ),
)
