using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;

namespace ActorSockets.Tests.Protocols.Deliveries;

/// <summary>The conversations of docs/deliveries-protocol.md, with both ends.</summary>
public sealed partial class ProtocolPageSpecs
{
    [Fact]
    public void The_receiver_answers_as_the_page_says()
    {
        var shelf = new Shelf();
        foreach (var conversation in Conversations())
        {
            var end = new ReceivingEnd(new Greeting { Window = 4, MaxLength = 1000, Remembers = TimeSpan.FromDays(7) });
            var said = new StringBuilder();
            foreach (var line in conversation)
            {
                if (line.StartsWith("R: ", StringComparison.Ordinal))
                    continue;
                Take(end, said);
                said.Append($"{line}\n");
                ReadOnlyMemory<byte> input = Encoding.UTF8.GetBytes(line[3..] + "\n");
                for (ReceivingEvent happened; (happened = end.Next(ref input)).Kind != ReceivingEventKind.None;)
                    shelf.Hear(end, happened);
            }

            Take(end, said);
            Assert.Equal(string.Join('\n', conversation) + "\n", said.ToString());
        }

        static void Take(ReceivingEnd end, StringBuilder said)
        {
            foreach (var line in Encoding.UTF8.GetString(end.TakeOutput().Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                said.Append($"R: {line}\n");
        }
    }

    [Fact]
    public void The_sender_says_what_the_page_says()
    {
        var to = new byte[Line.MaxLength];
        foreach (var conversation in Conversations())
        {
            var (end, heard) = (new SendingEnd(4), 0);
            for (var at = 0; at < conversation.Length; at++)
            {
                var (line, words) = (conversation[at][3..], conversation[at][3..].Split(' '));
                if (conversation[at][0] == 'R')
                {
                    ReadOnlyMemory<byte> input = Encoding.UTF8.GetBytes(line + "\n");
                    Assert.Equal(words[0] == "error" ? SendingEventKind.Failed : SendingEventKind.None, Unless(end.Next(ref input).Kind, SendingEventKind.Answered, SendingEventKind.Greeted));
                    heard++;
                }
                else if (words[0] is "deliver" or "resume")
                {
                    var header = DeliveryHeader.Parse(new Line(Encoding.ASCII.GetBytes(line[(words[0].Length + 1)..])), words[0] == "resume", out _, out var refusal);
                    var length = end.Begin(new Outgoing(header!), to);
                    Assert.Equal(refusal is null ? line + "\n" : line[..line.LastIndexOf(' ')] + "\n", Encoding.UTF8.GetString(to, 0, length));
                }
                else if (words[0] == "end")
                {
                    var digest = Digest.Parse(Encoding.ASCII.GetBytes(words.ElementAtOrDefault(1) ?? $"xxh128:{new string('0', 32)}"))!.Value;
                    Assert.StartsWith(line, Encoding.UTF8.GetString(to, 0, end.End(digest, to)), StringComparison.Ordinal);
                }
                else if (words[0] == "abort")
                {
                    Assert.Equal("abort\n", Encoding.UTF8.GetString(to, 0, end.Abort(to)));
                }
                else if (int.TryParse(line, out var size))
                {
                    Assert.Equal(line + "\n", Encoding.UTF8.GetString(to, 0, end.Chunk(size, to)));
                    Assert.Equal(size, conversation[++at].Length - 3);
                }
            }

            Assert.True(heard > 1);
        }

        static SendingEventKind Unless(SendingEventKind kind, params SendingEventKind[] fine) => fine.Contains(kind) ? SendingEventKind.None : kind;
    }

    private static List<string[]> Conversations([CallerFilePath] string here = "")
    {
        var page = File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../../docs/deliveries-protocol.md"));
        var found = Block().Matches(page).Select(m => m.Groups[1].Value.TrimEnd('\n').Split('\n')).ToList();
        Assert.True(found.Count >= 5);
        return found;
    }

    [GeneratedRegex("```conversation\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
