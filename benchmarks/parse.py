"""What reading a message costs: `python -m benchmarks.parse GENERATOR_FOLDER [COUNT]`.

GENERATOR_FOLDER holds `genmail.py`, the generator of benchmark mail. Contenders take turns in
shuffled rounds, and the best round of each counts; the ratio to the standard library in the
same run is the figure to compare, not the microseconds.
"""

import email
import random
import sys
import time

import fast_mail_parser

from mailsync.mime import parse


def standard_library(raw):
    message = email.message_from_bytes(raw)
    fields = [message[name] for name in ("From", "To", "Cc", "Subject", "Date", "Message-ID")]
    bodies = [
        part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_maintype() == "text"
    ]
    return fields, bodies


def fast_mail_parser_lazy(raw):
    return fast_mail_parser.parse_email(raw, mode="lazy")


CONTENDERS = (standard_library, fast_mail_parser_lazy, parse.parse, parse.parse_header)


def main():
    sys.path.insert(0, sys.argv[1])
    import genmail

    count = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    raws = [one.raw for one in genmail.messages(count)]
    heads = [raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for raw in raws]
    best = {}
    for seed in range(4):
        for contender in random.Random(seed).sample(CONTENDERS, len(CONTENDERS)):
            messages = heads if contender is parse.parse_header else raws
            begin = time.process_time()
            for raw in messages:
                contender(raw)
            spent = (time.process_time() - begin) / count * 1e6
            best[contender.__name__] = min(spent, best.get(contender.__name__, spent))
    print(f"{count} messages, mean {sum(map(len, raws)) // count} bytes")
    for name, spent in best.items():
        print(
            f"{name:24} {spent:8.0f} us   {best['standard_library'] / spent:6.1f} x standard library"
        )


if __name__ == "__main__":
    main()
