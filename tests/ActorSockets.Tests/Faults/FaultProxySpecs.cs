using System.Security.Cryptography;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;
using Xunit.Abstractions;

namespace ActorSockets.Tests.Faults;

/// <summary>
/// A connection that is cut, closed, delayed, sliced or stalled at any byte, 200 random ones for each: whatever happens, a
/// complete file is the payload, every delivery has exactly one outcome, Delivered means stored, and when the fault is over
/// every delivery is delivered.
/// </summary>
public abstract class FaultProxySpecs(ITestOutputHelper output, bool tls) : FaultSpecs(tls)
{
    private const int Rounds = 200;
    private const int AtATime = 8;
    private const int ReceiptLength = 90;

    // What a handshake and the records of a payload add to a sender's bytes, and a server's side of a connection.
    private const int TlsLength = 1500;
    private const int TlsOfServer = 2500;

    [Theory]
    [InlineData(Fault.Reset)]
    [InlineData(Fault.Close)]
    [InlineData(Fault.Delay)]
    [InlineData(Fault.Slice)]
    [InlineData(Fault.Stall)]
    public async Task Whatever_happens_delivered_means_stored_and_nothing_else_is_complete(Fault fault)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var (random, outcomes) = (new Random(seed), SubscribeTo<Deliveries.IOutcome>());
        var (_, serverPort) = Serve("sink = file\n receipt = on\n on-broken-off = delete");
        var proxies = Enumerable.Range(0, AtATime).Select(_ => new FaultProxy(serverPort, bothWays: Tls)).ToArray();
        var clients = Clients([.. proxies.Select((proxy, i) =>
            Target("confirm = receipt\n backoff { min = 1ms, max = 10ms }", proxy.Port) with { Name = $"t{i}" })]);

        var releasing = proxies.Select(ReleaseAsync).ToArray();
        var sent = new Dictionary<string, (string Digest, byte[] Bytes, long At)>();
        for (var round = 0; round < Rounds / AtATime; round++)
        {
            for (var i = 0; i < AtATime; i++)
            {
                var bytes = new byte[random.Next(1, 200_000)];
                random.NextBytes(bytes);
                var ofServer = Tls && i % 4 == 0;
                var (id, at) = ($"{round}-{i}", random.NextInt64(1, ofServer ? TlsOfServer : bytes.Length + (Tls ? TlsLength : ReceiptLength)));
                sent[id] = (Convert.ToHexString(SHA256.HashData(bytes)), bytes, at);
                proxies[i].Scripts.Enqueue((fault, at, ofServer));
                clients.Tell(new Deliveries.Deliver(id, $"t{i}", new BytesPayload(bytes)), TestActor);
            }

            for (var i = 0; i < AtATime; i++)
            {
                var outcome = await outcomes.ExpectMsgAsync<Deliveries.IOutcome>(Patience);
                Assert.True(outcome is Deliveries.Delivered || MayBeUnconfirmed(outcome), $"{outcome}");
                if (outcome is Deliveries.Delivered)
                    Assert.Contains(sent[outcome.Id].Digest, StoredDigests());
            }
        }

        // Exactly one outcome each, to the sender of the command as on the EventStream.
        Assert.Equal(sent.Keys.Order(), Enumerable.Range(0, Rounds).Select(_ => ExpectMsg<Deliveries.IOutcome>().Id).Order());
        ExpectNoMsg(TimeSpan.Zero);
        outcomes.ExpectNoMsg(TimeSpan.Zero);

        foreach (var proxy in proxies)
            await proxy.DisposeAsync();
        await Task.WhenAll(releasing);
        AwaitCondition(() => System.IO.Directory.GetFiles(Directory, "*.partial").Length == 0);
        var complete = sent.Values.Select(s => s.Digest).Concat(fault == Fault.Close && !Tls ? sent.Values.Select(Truncated) : []).ToHashSet();
        Assert.All(StoredDigests(), digest => Assert.Contains(digest, complete));

        // A close at the payload's very end takes the receipt away from a server that has everything.
        bool MayBeUnconfirmed(Deliveries.IOutcome outcome) =>
            fault == Fault.Close && !Tls && outcome is Deliveries.Unconfirmed && sent[outcome.Id].At >= sent[outcome.Id].Bytes.Length;
    }

    /// <summary>The fault ends: what was stalled goes on.</summary>
    private static async Task ReleaseAsync(FaultProxy proxy)
    {
        try
        {
            while (true)
            {
                await proxy.StalledAsync();
                proxy.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // The proxy is stopped.
        }
    }

    /// <summary>
    /// A FIN that something in between has forged is the one thing that plain TCP does not show: the server takes what came
    /// before it for the whole. No sender takes it for delivered, because the receipt, if it comes, is wrong.
    /// </summary>
    private static string Truncated((string Digest, byte[] Bytes, long At) sent) =>
        Convert.ToHexString(SHA256.HashData(sent.Bytes.AsSpan(0, (int)Math.Min(sent.At, sent.Bytes.Length))));

    private HashSet<string> StoredDigests() =>
        [.. System.IO.Directory.GetFiles(Directory).Where(f => !f.EndsWith(".partial", StringComparison.Ordinal)).Select(f => _digests.TryGetValue(f, out var known)
            ? known
            : _digests[f] = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))))];

    private readonly Dictionary<string, string> _digests = [];
}

/// <summary>Over plain TCP.</summary>
public sealed class PlainFaultProxySpecs(ITestOutputHelper output) : FaultProxySpecs(output, tls: false);

/// <summary>Over TLS, where a forged FIN is a broken connection, too.</summary>
public sealed class TlsFaultProxySpecs(ITestOutputHelper output) : FaultProxySpecs(output, tls: true);
