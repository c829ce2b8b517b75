"""What people in the demo write to each other: B the buyer, S the shop."""

from __future__ import annotations

Lines = tuple[tuple[str, str], ...]

BEFORE_BUYING: tuple[Lines, ...] = (
    (
        ("B", "Hello! Is the {title} still available in the size shown in the second picture?"),
        ("S", "Hi {buyer}, yes, that one is on the shelf behind me as I write."),
        ("B", "Lovely, thank you."),
    ),
    (
        ("B", "Could you tell me how much the {title} weighs? I want to post it on to my sister."),
        ("S", "With its box a little under a kilo. I can leave the price out of the parcel."),
        ("B", "That would be perfect. Ordering tonight."),
        ("S", "Thank you! I'll put in a card if you tell me what to write."),
    ),
    (
        ("B", "Do you also send the {title} to the Azores? The form doesn't say."),
        ("S", "We do, it just takes a week longer. Same price."),
    ),
    (
        ("B", "Is the colour of the {title} closer to grey or to green? My screen says both."),
        ("S", "Grey in the morning and green by lamplight, honestly. I'd call it a warm grey."),
        ("B", "Ha. That settles it, I'll take it."),
    ),
    (
        ("B", "Can I have two of the {title} that match? They will stand side by side."),
        ("S", "They're made by hand, so no two are twins, but I'll pick a pair that get on."),
        ("B", "Thank you, that's all I hoped for."),
    ),
    (
        ("B", "How do I clean the {title}?"),
        ("S", "Warm water and a soft cloth. No machine, no matter what the internet says."),
    ),
    (
        ("B", "When will you have the {title} again in the larger version?"),
        ("S", "We make the next batch on Thursday, so about ten days from now."),
        ("B", "I'll save it to my wish list then."),
    ),
    (
        ("B", "If the {title} doesn't suit the room, may I send it back?"),
        ("S", "Of course, thirty days, as long as it comes back as it left."),
        ("B", "Good to know. Thanks for the quick answer!"),
    ),
    (
        ("B", "Who makes the {title}? I like to know these things."),
        ("S", "My aunt, mostly on Tuesdays. Her initials are on the bottom."),
        ("B", "Then I'm buying it from your aunt. Give her my regards."),
        ("S", "She's very pleased and a little embarrassed."),
    ),
    (
        ("B", "Would you wrap the {title} as a present? It is for the 12th."),
        ("S", "Happily, in brown paper and a linen ribbon. It will be there by the 10th."),
    ),
)
NOT_ANSWERED_YET = (
    "Good morning! Is the {title} safe for a house with two cats and no manners?",
    "Hi, do you ever do the {title} in a darker shade? I'd wait for it.",
    "Could the {title} arrive before Saturday if I order today?",
    "What are the measurements of the {title}, from edge to edge?",
)
ON_THE_WAY: tuple[Lines, ...] = (
    (
        ("B", "Hello, do you already know when order {number} leaves? I'm away from Friday."),
        ("S", "It leaves tomorrow morning. Shall I ask them to leave it with a neighbour?"),
        ("B", "With the bakery next door, please. They know me too well."),
        ("S", "Done, it says so on the label."),
    ),
    (
        ("B", "I forgot to say that the bell doesn't work. Could you put that on the parcel?"),
        ("S", "I have written KNOCK on it, in large friendly letters."),
    ),
    (
        ("S", "Good morning {buyer}, your order is packed. The carrier comes at four."),
        ("B", "Thank you for telling me!"),
    ),
)
HAS_COME: tuple[Lines, ...] = (
    (
        ("B", "It came today and it's even nicer than in the pictures. Thank you!"),
        ("S", "That made my morning, thank you {buyer}."),
    ),
    (
        ("B", "Everything arrived, well packed. Do you take the box back?"),
        ("S", "Keep it for the next present. It has one more journey in it."),
    ),
    (
        ("S", "Hello {buyer}, did it reach you in one piece?"),
        ("B", "It did, and it already stands where it belongs."),
        ("S", "Wonderful. If anything turns up, just write here."),
    ),
)
# What is wrong, what the shop says, and why it offers money back.
SCRATCHED = (
    (
        "One of them has a small scratch on the side. Not worth sending back, but a pity.",
        "I'm sorry, that slipped past me. Keep it, and let me give something back.",
        "For the scratch",
    ),
    (
        "It arrived four days later than you said and I had to improvise a present.",
        "That was our fault, the batch came out of the kiln late. Please accept this.",
        "It came late",
    ),
    (
        "The lid doesn't quite sit straight. It works, I just notice it every morning.",
        "I can send another or take something off this one, whichever you like.",
        "For the lid",
    ),
)
ALL_RIGHT_THEN = (
    "That's more than fair, thank you.",
    "Thank you, that's kind.",
    "Good, accepted.",
)
CHANGED_THEIR_MIND = "Sorry, I ordered the wrong colour. Could you cancel this one?"
