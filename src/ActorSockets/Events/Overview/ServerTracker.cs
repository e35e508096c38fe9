namespace ActorSockets.Events.Overview;

/// <summary>What the events of one server add up to.</summary>
internal sealed class ServerTracker(string name, string endpoint)
{
    private readonly ByteRate _rate = new();

    // Bytes of each open connection; a server's max-connections bounds it.
    private readonly Dictionary<string, long> _open = new(StringComparer.Ordinal);
    private string _endpoint = endpoint;
    private ServerPhase _phase;
    private string _reason = "";
    private long _accepted;
    private long _completed;
    private long _receiptsLost;
    private long _brokenOff;
    private long _bytes;
    private readonly Tally<RefusalKind> _refused = new();

    public void Add(ServerEvents.IServerEvent happened)
    {
        switch (happened)
        {
            case ServerEvents.Bound e:
                _endpoint = e.Endpoint.ToString();
                (_phase, _reason) = (ServerPhase.Listening, "");
                break;
            case ServerEvents.BindFailed e:
                (_phase, _reason) = (ServerPhase.Failed, e.Reason);
                break;
            case ServerEvents.ListenerLost e:
                (_phase, _reason) = (ServerPhase.Lost, e.Reason);
                break;
            case ServerEvents.AcceptFailing:
                _reason = "the kernel gives no connections";
                break;
            case ServerEvents.AcceptRecovered:
                _reason = "";
                break;
            case ServerEvents.Refused e:
                _refused.Add(e.Kind, e.Count);
                break;
            case ServerEvents.Accepted e:
                _open[e.Peer] = 0;
                _accepted++;
                break;
            case ServerEvents.Received e:
                Took(e.Peer, e.Bytes);
                break;
            case ServerEvents.Completed e:
                Ended(e.Peer, e.Bytes);
                _completed++;
                break;
            case ServerEvents.ReceiptLost e:
                Ended(e.Peer, e.Bytes);
                _receiptsLost++;
                break;
            case ServerEvents.BrokenOff e:
                Ended(e.Peer, e.Bytes);
                _brokenOff++;
                break;
        }
    }

    public ServerSnapshot At(TimeSpan now) => new(
        name, _endpoint, _phase, _reason, _open.Count, _accepted, _completed, _receiptsLost, _brokenOff, _refused.Counts, _bytes, _rate.At(_bytes, now));

    private void Ended(string peer, long bytes)
    {
        Took(peer, bytes);
        _open.Remove(peer);
    }

    private void Took(string peer, long bytes)
    {
        _bytes += bytes - _open.GetValueOrDefault(peer);
        _open[peer] = bytes;
    }
}
