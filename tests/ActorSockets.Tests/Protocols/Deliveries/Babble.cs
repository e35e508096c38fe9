using System.Text;

namespace ActorSockets.Tests.Protocols.Deliveries;

/// <summary>What a sender or a receiver could say, and in half of the cases some damage to it.</summary>
internal static class Babble
{
    private static readonly string[] Ids = ["a", "b", "c", "ä", "", "x:1"];
    private static readonly string[] Lengths = ["0", "1", "5", "70", "?", "01", "9999999999999"];
    private static readonly string[] Fields = ["", "", "", " name=a", " name=%2e%2E", " digest=sha256", " digest=xxh128", " x=y", " ", " name=b%20c", " digest=xxh128:b5e9c1ad071b3e7fc779cfaa5e523818"];
    private static readonly string[] Ends = ["end\n", "end\n", "end\r\n", "abort\n", "end xxh128:b5e9c1ad071b3e7fc779cfaa5e523818\n", "end a\n", "", "\n"];
    private static readonly string[] Verbs = ["received", "received", "later", "never", "from", "error", "huh"];
    private static readonly string[] Rests = [" 5 xxh128:b5e9c1ad071b3e7fc779cfaa5e523818", " 0", " 3", " busy", " full \u001b[31m", " mismatch", "", " 99999"];

    public static byte[] Sender(Random random)
    {
        var text = new StringBuilder();
        for (var deliveries = random.Next(1, 6); deliveries > 0; deliveries--)
        {
            if (random.Next(8) == 0)
                text.Append($"cancel {One(random, Ids)}\n");
            text.Append($"{(random.Next(2) == 0 ? "deliver" : "resume")} {One(random, Ids)} {One(random, Lengths)}{One(random, Fields)}{One(random, Fields)}\n");
            for (var chunks = random.Next(3); chunks > 0; chunks--)
            {
                var body = random.Next(2) == 0 ? "hello" : new string('x', random.Next(1, 80));
                text.Append($"{body.Length}\n{body}\n");
            }

            text.Append(One(random, Ends));
        }

        return Damage(random, Encoding.UTF8.GetBytes(text.ToString()));
    }

    public static byte[] Receiver(Random random)
    {
        var text = new StringBuilder("deliveries/1 window=3 max-length=1000 remembers=7d digests=xxh128,sha256\n");
        for (var (lines, id) = (random.Next(1, 9), 0); lines > 0; lines--)
        {
            var rest = One(random, Rests);
            text.Append($"{One(random, Verbs)} d{(random.Next(10) == 0 ? random.Next(4) : id)}{rest}\n");
            id += random.Next(2);
        }

        return Damage(random, Encoding.UTF8.GetBytes(text.ToString()));
    }

    public static List<byte[]> Cut(Random random, byte[] bytes)
    {
        var pieces = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(4) == 0 ? random.Next(1, 4) : random.Next(1, bytes.Length + 1));
            pieces.Add(bytes[at..(at + length)]);
            at += length;
        }

        return pieces;
    }

    private static byte[] Damage(Random random, byte[] bytes)
    {
        var damaged = bytes.ToList();
        for (var times = random.Next(4) - 1; times > 0 && damaged.Count > 0; times--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(3))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged.RemoveAt(at);
                    break;
                default:
                    damaged.Insert(at, (byte)" \n\r=5%"[random.Next(6)]);
                    break;
            }
        }

        return [.. damaged];
    }

    private static string One(Random random, string[] of) => of[random.Next(of.Length)];
}
