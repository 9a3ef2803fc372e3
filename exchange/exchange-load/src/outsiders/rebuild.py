"""Rebuilds a book from the public stream with ordinary libraries and compares it with what a query says.

Shares nothing with the exchange but its documentation. Arguments: the gateway's address, a market, for how many seconds, and how
often to compare. Exit code 0: every comparison was equal.
"""

import asyncio
import json
import sys
import time
from decimal import Decimal

import requests
import websockets

SILENCE_MAX_S = 5.0


class Book:
    def __init__(self, snapshot):
        self.sequence = int(snapshot["sequence"])
        self.sides = {"bids": {}, "asks": {}}
        self.change(snapshot)

    def change(self, message):
        for name, levels in self.sides.items():
            for price, quantity in message[name]:
                price, quantity = Decimal(price), Decimal(quantity)
                if quantity == 0:
                    levels.pop(price, None)
                else:
                    levels[price] = quantity

    def follow(self, message):
        if int(message["previous"]) != self.sequence:
            raise SystemExit(f"a message follows {message['previous']}, the last one was {self.sequence}")
        self.sequence = int(message["sequence"])
        self.change(message)


def query(gateway, market):
    answer = requests.get(f"{gateway}/v1/markets/{market}/depth", params={"limit": "1000"}, timeout=10)
    answer.raise_for_status()
    return Book(answer.json())


async def compare(book, stream, gateway, market):
    """Asks for the book, follows the stream up to the same sequence, and compares. Returns the messages that were followed."""
    expected = await asyncio.to_thread(query, gateway, market)
    followed = 0
    kept = None
    while True:
        try:
            message = json.loads(await asyncio.wait_for(stream.recv(), SILENCE_MAX_S))
        except asyncio.TimeoutError:
            break  # nothing changes any more, so the stream is where the query was
        if message["type"] != "depth":
            continue
        if int(message["sequence"]) > expected.sequence:
            kept = message
            break
        book.follow(message)
        followed += 1
    if book.sequence > expected.sequence:
        raise SystemExit(f"the query is at {expected.sequence}, the stream was at {book.sequence} before it was asked")
    if book.sides != expected.sides:
        raise SystemExit(f"at {expected.sequence} the book of the stream is {book.sides}, the query says {expected.sides}")
    if kept is not None:
        book.follow(kept)
        followed += 1
    return followed


async def main(gateway, market, seconds, comparisons):
    address = gateway.replace("http://", "ws://") + "/v1/stream"
    messages = 0
    async with websockets.connect(address, max_size=None) as stream:
        await stream.send(json.dumps({"op": "subscribe", "channel": "depth", "market": market}))
        book = None
        began = time.monotonic()
        for comparison in range(1, comparisons + 1):
            until = began + seconds * comparison / comparisons
            while (left := until - time.monotonic()) > 0:
                try:
                    message = json.loads(await asyncio.wait_for(stream.recv(), left))
                except asyncio.TimeoutError:
                    break
                if message["type"] == "depth_snapshot":
                    if book is not None:
                        raise SystemExit("the stream began anew although nothing was wrong")
                    book = Book(message)
                elif message["type"] == "depth":
                    book.follow(message)
                    messages += 1
            if book is None:
                raise SystemExit("there was no snapshot")
            messages += await compare(book, stream, gateway, market)
    levels = sum(len(levels) for levels in book.sides.values())
    print(f"comparisons={comparisons} messages={messages} levels={levels} sequence={book.sequence}")
    if messages == 0:
        raise SystemExit("nothing changed, so nothing was compared")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
