using System.Text;
using ActorSockets.Protocols.Deliveries;
using FsCheck.Xunit;
using static ActorSockets.Protocols.Deliveries.ReceivingEventKind;

namespace ActorSockets.Tests.Protocols.Deliveries;

public sealed class ReceivingEndSpecs
{
    private static readonly Greeting Greeting = new() { Window = 4, MaxLength = 1L << 40, Remembers = TimeSpan.FromDays(7) };

    private const string Conversation = "deliver a 5 name=hello.txt\n5\nhello\nend\nresume b 11 digest=sha256\r\n6\r\nhello \r\nabort\nresume b 11 digest=sha256\n"
        + "5\nworld\nend sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\ncancel c\ndeliver d ? x=1\n1\n1\n2\n23\nend y=2\n"
        + "deliver e 3\n4\n1234\nend\ndeliver f 3 name=%2F\n3\n123\nabort\ndeliver g 0\nend\nresume a 6\nresume a 5\n";

    [Fact]
    public void A_conversation_is_the_same_in_every_two_pieces()
    {
        var bytes = Encoding.ASCII.GetBytes(Conversation);
        var whole = Transcript([bytes]);
        Assert.Contains("received b 11 sha256:b94d27b9", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("error", whole, StringComparison.Ordinal);
        for (var cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(whole, Transcript([bytes[..cut], bytes[cut..]]));
        Assert.Equal(whole, Transcript([.. bytes.Select(b => new[] { b })]));
    }

    [Fact]
    public void Damaged_conversations_are_the_same_in_any_pieces_100_000_times()
    {
        const int Cases = 100_000;
        for (var seed = 0; seed < Cases; seed++)
        {
            var random = new Random(seed);
            var bytes = Babble.Sender(random);
            var (whole, pieces) = (Transcript([bytes]), Transcript(Babble.Cut(random, bytes)));
            Assert.True(whole == pieces, $"seed {seed}:\n{whole}\nin pieces:\n{pieces}");
        }
    }

    [Property(MaxTest = 2000)]
    public bool Any_bytes_are_a_conversation_or_an_error(byte[] bytes, byte cut)
    {
        var at = bytes.Length == 0 ? 0 : cut % bytes.Length;
        return Transcript([bytes]) == Transcript([bytes[..at], bytes[at..]]);
    }

    [Fact]
    public void Body_bytes_are_slices_of_the_input()
    {
        var end = new ReceivingEnd(Greeting);
        var bytes = Encoding.ASCII.GetBytes("deliver a 5\n5\nhello\n");
        ReadOnlyMemory<byte> input = bytes;
        Assert.Equal(Begun, end.Next(ref input).Kind);
        var body = end.Next(ref input);
        bytes[14] = (byte)'j';
        Assert.Equal("jello", Encoding.ASCII.GetString(body.Bytes.Span));
    }

    [Fact]
    public void Answers_go_out_in_the_order_of_the_deliveries()
    {
        var (end, deliveries) = Deliveries("deliver a 0\nend\ndeliver b 0\nend\ndeliver c 0\nend\n");
        end.Give(deliveries[2], Answer.Later(Codes.Full));
        end.Give(deliveries[1], Answer.Later(Codes.Busy, "so\nbusy"));
        Assert.Equal("", Output(end));
        end.Give(deliveries[0], Answer.Never(Codes.Forbidden));
        Assert.Equal("never a forbidden\nlater b busy so\\u000abusy\nlater c full\n", Output(end));
        end.Give(deliveries[0], Answer.Never(Codes.Forbidden));
        Assert.Equal("", Output(end));
    }

    [Fact]
    public void Nothing_is_read_before_the_answer_to_a_resume()
    {
        var end = new ReceivingEnd(Greeting);
        ReadOnlyMemory<byte> input = "resume a 5\n5\nhello\n"u8.ToArray();
        var asked = end.Next(ref input);
        Assert.Equal(None, end.Next(ref input).Kind);
        Assert.True(end.IsPaused);
        end.Give(asked.Delivery!, Answer.From(0));
        Assert.Equal(Bytes, end.Next(ref input).Kind);
    }

    [Fact]
    public void A_delivery_beyond_the_window_is_an_error() =>
        Assert.Contains("window", Errors("deliver a 0\nend\ndeliver b 0\nend\ndeliver c 0\nend\ndeliver d 0\nend\ndeliver e 0\nend\n"), StringComparison.Ordinal);

    [Fact]
    public void A_thousand_deliveries_without_bodies_are_an_error() =>
        Assert.Contains("the size of a chunk", Errors(string.Concat(Enumerable.Range(0, 1000).Select(i => $"deliver a{i} 5\n"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("GET / HTTP/1.1\n")]
    [InlineData("\n")]
    [InlineData("deliver\n")]
    [InlineData("deliver a\n")]
    [InlineData("deliver a 01\n")]
    [InlineData("deliver a -1\n")]
    [InlineData("deliver a 9223372036854775808\n")]
    [InlineData("deliver ä 1\n")]
    [InlineData("deliver  1\n")]
    [InlineData("deliver a 1 name\n")]
    [InlineData("deliver a 1 name=b name=c\n")]
    [InlineData("deliver a 1 digest=xxh128 digest=sha256\n")]
    [InlineData("deliver a 1\n0\n\n")]
    [InlineData("deliver a 1\n1\nab")]
    [InlineData("deliver a 1\n1\na\r\r")]
    [InlineData("deliver a 1\n1\na\nend md5:00\n")]
    [InlineData("deliver a 1\n1\na\nend xxh128:B5E9C1AD071B3E7FC779CFAA5E523818\n")]
    [InlineData("abort\n")]
    [InlineData("cancel\n")]
    [InlineData("cancel a b\n")]
    public void What_is_not_in_the_grammar_is_an_error(string sent) => Assert.NotEqual("", Errors(sent));

    [Theory]
    [InlineData("deliver a 1 name=..\n", "bad-name")]
    [InlineData("deliver a 1 name=a%2fb\n", "bad-name")]
    [InlineData("deliver a 1 name=a%00b\n", "bad-name")]
    [InlineData("deliver a 1 name=%C2%80\n", "bad-name")]
    [InlineData("deliver a 1 name=%ff\n", "bad-name")]
    [InlineData("deliver a 1 name=%4\n", "bad-name")]
    [InlineData("deliver a 1 name=\n", "bad-name")]
    [InlineData("deliver a 1 digest=md5\n", "bad-digest")]
    [InlineData("deliver a 1 digest=sha256:12\n", "bad-digest")]
    [InlineData("deliver a 9223372036854775807\n", "too-long")]
    public void What_cannot_be_taken_is_refused_and_the_connection_goes_on(string sent, string code)
    {
        var refused = Transcript([Encoding.UTF8.GetBytes(sent + "abort\ndeliver b 0\nend\n")]);
        Assert.Contains($"never a {code}", refused, StringComparison.Ordinal);
        Assert.Contains("received b 0 xxh128:", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_has_1024_bytes_at_most()
    {
        var field = $"deliver a 0 x={new string('x', Line.MaxLength - 15)}\n";
        Assert.Equal(Line.MaxLength, field.Length);
        Assert.Equal("", Errors(field));
        Assert.NotEqual("", Errors(field.Insert(14, "x")));
        Assert.NotEqual("", Errors(new string('x', 1 << 20)));
    }

    [Fact]
    public void A_refused_body_is_dropped_up_to_1_MiB()
    {
        foreach (var (more, isOver) in new[] { (0, false), (1, true) })
        {
            var end = new ReceivingEnd(Greeting);
            ReadOnlyMemory<byte> input = Encoding.ASCII.GetBytes($"deliver a {2 << 20}\n{(1 << 20) + more}\n");
            end.Give(end.Next(ref input).Delivery!, Answer.Later(Codes.Full));
            Assert.Equal(None, end.Next(ref input).Kind);
            input = new byte[(1 << 20) + more];
            Assert.Equal(isOver ? Failed : None, end.Next(ref input).Kind);
            Assert.Equal(isOver, end.IsOver);
        }
    }

    [Fact]
    public void An_end_is_one_only_between_deliveries()
    {
        var end = new ReceivingEnd(Greeting);
        Assert.True(end.MayEnd);
        foreach (var (sent, may) in new[] { ("del", false), ("iver a 1\n", false), ("1\na\n", false), ("end\n", true) })
        {
            ReadOnlyMemory<byte> input = Encoding.ASCII.GetBytes(sent);
            while (end.Next(ref input).Kind != None)
            {
            }

            Assert.Equal(may, end.MayEnd);
        }
    }

    [Fact]
    public void A_sender_that_reads_no_answers_is_read_no_further()
    {
        var end = new ReceivingEnd(Greeting);
        var shelf = new Shelf();
        ReadOnlyMemory<byte> input = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"deliver a{i} 0\nend\n")));
        for (ReceivingEvent happened; (happened = end.Next(ref input)).Kind != None;)
            shelf.Hear(end, happened);
        Assert.True(end.IsPaused);
        Assert.InRange(end.TakeOutput().Length, 1, 70_000);
        Assert.Equal(Begun, end.Next(ref input).Kind);
    }

    private static (ReceivingEnd End, List<Incoming> Deliveries) Deliveries(string sent)
    {
        var end = new ReceivingEnd(Greeting);
        end.TakeOutput();
        ReadOnlyMemory<byte> input = Encoding.ASCII.GetBytes(sent);
        var deliveries = new List<Incoming>();
        for (ReceivingEvent happened; (happened = end.Next(ref input)).Kind != None;)
        {
            if (happened.Kind == Begun)
                deliveries.Add(happened.Delivery!);
        }

        return (end, deliveries);
    }

    private static string Errors(string sent)
    {
        var output = Output(Deliveries(sent).End);
        Assert.True(output.Length == 0 || output.StartsWith("error ", StringComparison.Ordinal), output);
        return output;
    }

    private static string Output(ReceivingEnd end) => Encoding.UTF8.GetString(end.TakeOutput().Span);

    /// <summary>What came and what was answered, however the bytes were cut.</summary>
    private static string Transcript(IEnumerable<byte[]> pieces)
    {
        var (end, shelf, heard, sent) = (new ReceivingEnd(Greeting), new Shelf(), new StringBuilder(), new StringBuilder());
        foreach (var piece in pieces)
        {
            ReadOnlyMemory<byte> input = piece;
            for (ReceivingEvent happened; (happened = end.Next(ref input)).Kind != None;)
            {
                shelf.Hear(end, happened);
                if (happened.Kind != Bytes)
                    heard.Append($"{happened.Kind} {happened.Delivery?.Header} {happened.Delivery?.Position} {happened.Delivery?.Answer} {happened.Digest} {happened.Text}\n");
                Assert.True(end.Unanswered <= Greeting.Window);
                sent.Append(Output(end));
            }

            Assert.True(input.IsEmpty || end.IsPaused);
        }

        return $"{heard}{sent}{Output(end)}{end.MayEnd}";
    }
}
