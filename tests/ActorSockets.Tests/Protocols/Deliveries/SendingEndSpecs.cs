using System.Text;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;
using FsCheck.Xunit;
using static ActorSockets.Protocols.Deliveries.SendingEventKind;

namespace ActorSockets.Tests.Protocols.Deliveries;

public sealed class SendingEndSpecs
{
    private const string Hello = "xxh128:b5e9c1ad071b3e7fc779cfaa5e523818";
    private const string Greeting = "deliveries/1 window=3 max-length=1000 remembers=7d digests=xxh128,sha256\n";
    private const string Conversation = Greeting + "received d0 5 " + Hello + "\nfrom d1 3\r\nreceived d1 5 " + Hello + " x=y\nlater d2 busy try again\nnever d3 huh\nerror shutting down\n";

    private static readonly Digest Digest = DigestOf(Hello);

    [Fact]
    public void Answers_are_the_same_in_every_two_pieces()
    {
        var bytes = Encoding.ASCII.GetBytes(Conversation);
        var whole = Transcript([bytes]);
        Assert.EndsWith("Failed   ended the connection: shutting down", whole, StringComparison.Ordinal);
        for (var cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(whole, Transcript([bytes[..cut], bytes[cut..]]));
        Assert.Equal(whole, Transcript([.. bytes.Select(b => new[] { b })]));
    }

    [Fact]
    public void Damaged_answers_are_the_same_in_any_pieces_100_000_times()
    {
        const int Cases = 100_000;
        for (var seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            var bytes = Babble.Receiver(random);
            var (whole, pieces) = (Transcript([bytes]), Transcript(Babble.Cut(random, bytes)));
            Assert.True(whole == pieces, $"seed {seed}:\n{whole}\nin pieces:\n{pieces}");
        }
    }

    [Property(MaxTest = 2000)]
    public bool Any_bytes_are_answers_or_an_error(byte[] bytes, byte cut)
    {
        var at = bytes.Length == 0 ? 0 : cut % bytes.Length;
        return Transcript([bytes]) == Transcript([bytes[..at], bytes[at..]]);
    }

    [Fact]
    public void A_delivery_is_three_small_pieces_around_its_bytes()
    {
        var (end, to) = (Greeted(window: 8), new byte[Line.MaxLength]);
        var header = new DeliveryHeader { Id = "a", Length = 5, Algorithm = DigestAlgorithm.Xxh128, Name = "hellö world.txt" };
        Assert.Equal("deliver a 5 digest=xxh128 name=hell%C3%B6%20world.txt\n", Text(end.Begin(new Outgoing(header), to), to));
        Assert.Equal("5\n", Text(end.Chunk(5, to), to));
        Assert.Equal($"end {Hello}\n", Text(end.End(Digest, to), to));
        Assert.True(end.MayBegin);
    }

    [Fact]
    public void The_longest_header_is_a_line()
    {
        var header = new DeliveryHeader
        {
            Id = new string('a', 128),
            Length = long.MaxValue,
            Digest = new Digest(DigestAlgorithm.Sha256, new byte[32]),
            Name = new string('\u4e2d', 85),
            Asks = true,
        };
        var to = new byte[Line.MaxLength];
        var line = new Line(to.AsSpan(0, header.WriteTo(to) - 1));
        Assert.Equal("resume", Encoding.ASCII.GetString(line.Next()));
        var read = DeliveryHeader.Parse(line, asks: true, out _, out var refusal);
        Assert.Null(refusal);
        Assert.Equal(header with { Algorithm = DigestAlgorithm.Sha256 }, read);
    }

    [Fact]
    public void No_more_deliveries_begin_than_either_window_allows()
    {
        foreach (var (own, expected) in new[] { (2, 2), (64, 3) })
        {
            var (end, begun) = (Greeted(own), 0);
            for (; end.MayBegin; begun++)
            {
                end.Begin(new Outgoing(new DeliveryHeader { Id = $"{begun}", Length = 0 }), new byte[Line.MaxLength]);
                end.End(Digest, new byte[Line.MaxLength]);
            }

            Assert.Equal(expected, begun);
            Assert.Equal(Answered, Hear(end, "later 0 full\n").Kind);
            Assert.True(end.MayBegin);
        }
    }

    [Theory]
    [InlineData("received b 5 " + Hello, "answered b, and a is the next one")]
    [InlineData("received a 5 " + Hello, "answered that it received a, before its end")]
    [InlineData("from a 2", "said from where a goes on, which was not asked")]
    [InlineData("received a 5 sha1:00", "sent something that is no answer, beginning with 'received'")]
    [InlineData("later a", "sent something that is no answer, beginning with 'later'")]
    [InlineData("\u001b[2J", "sent something that is no answer, beginning with '\\u001b[2J'")]
    [InlineData("error \u001b[2J", "ended the connection: \\u001b[2J")]
    public void A_receiver_that_says_what_it_must_not_is_heard_no_more(string line, string expected)
    {
        var end = Greeted(window: 8);
        end.Begin(new Outgoing(new DeliveryHeader { Id = "a", Length = 5 }), new byte[Line.MaxLength]);
        Assert.Equal((Failed, expected), (Hear(end, line + "\n") is var heard ? heard.Kind : default, heard.Text));
        Assert.True(end.IsOver);
        Assert.False(end.MayBegin);
    }

    [Fact]
    public void An_offset_beyond_the_payload_is_a_lie()
    {
        var end = Greeted(window: 8);
        end.Begin(new Outgoing(new DeliveryHeader { Id = "a", Length = 5, Asks = true }), new byte[Line.MaxLength]);
        Assert.Equal("claims to have 6 bytes of a, which has 5", Hear(end, "from a 6\n").Text);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\n", "does not speak the deliveries protocol; is it raw?")]
    [InlineData("deliveries/2 x=y\n", "greets with 'deliveries/2 x=y', and deliveries/1 is spoken here")]
    public void Another_greeting_is_none(string line, string expected) => Assert.Equal(expected, Hear(new SendingEnd(8), line).Text);

    [Fact]
    public void A_megabyte_without_a_line_is_no_greeting() =>
        Assert.Equal("does not speak the deliveries protocol; is it raw?", Hear(new SendingEnd(8), new string('x', 1 << 20)).Text);

    [Fact]
    public void A_greeting_is_read_as_it_was_written()
    {
        var to = new byte[Line.MaxLength];
        foreach (var remembers in new[] { TimeSpan.Zero, TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(90), TimeSpan.FromHours(36), TimeSpan.FromDays(7) })
        {
            var greeting = new Greeting { Window = 64, MaxLength = 1L << 40, Remembers = remembers, Digests = [DigestAlgorithm.Sha256] };
            var read = GreetingOf(Text(greeting.WriteTo(to), to).TrimEnd('\n') + " later=1");
            Assert.Equal((64, 1L << 40, remembers, DigestAlgorithm.Sha256), (read!.Window, read.MaxLength, read.Remembers, Assert.Single(read.Digests)));
        }
    }

    private static Greeting? GreetingOf(string text) => ActorSockets.Protocols.Deliveries.Greeting.Parse(Encoding.ASCII.GetBytes(text));

    private static Digest DigestOf(string text) => ActorSockets.Protocols.Digest.Parse(Encoding.ASCII.GetBytes(text))!.Value;

    private static string Text(int length, byte[] bytes) => Encoding.UTF8.GetString(bytes, 0, length);

    private static SendingEnd Greeted(int window)
    {
        var end = new SendingEnd(window);
        Assert.Equal(SendingEventKind.Greeted, Hear(end, Greeting).Kind);
        return end;
    }

    private static SendingEvent Hear(SendingEnd end, string text)
    {
        ReadOnlyMemory<byte> input = Encoding.UTF8.GetBytes(text);
        return end.Next(ref input);
    }

    /// <summary>What a sender hears that begins what it may, of which each second delivery asks first.</summary>
    private static string Transcript(IEnumerable<byte[]> pieces)
    {
        var (end, heard, begun, to) = (new SendingEnd(2), new StringBuilder(), 0, new byte[Line.MaxLength]);
        foreach (var piece in pieces)
        {
            ReadOnlyMemory<byte> input = piece;
            for (SendingEvent happened; (happened = end.Next(ref input)).Kind != None;)
            {
                heard.Append($"{(heard.Length == 0 ? "" : "\n")}{happened.Kind} {happened.Delivery?.Header} {happened.Answer} {happened.Text}");
                while (end.MayBegin || end.Current is { IsWaiting: false })
                    Send(end, ref begun, to);
                Assert.True(end.Unanswered <= 2);
            }

            Assert.True(input.IsEmpty);
        }

        return heard.ToString();
    }

    private static void Send(SendingEnd end, ref int begun, byte[] to)
    {
        if (end.MayBegin)
            end.Begin(new Outgoing(new DeliveryHeader { Id = $"d{begun}", Length = 5, Asks = begun++ % 2 == 1 }), to);
        if (end.Current is not { IsWaiting: false } open)
            return;
        if (open.Position < 5)
            end.Chunk(5 - (int)open.Position, to);
        end.End(Digest, to);
    }
}
