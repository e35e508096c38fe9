using ActorSockets.Events;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Reporting;

/// <summary>The phase of a delivery.</summary>
internal enum Phase
{
    Waiting,
    Connecting,
    Sending,
    Blocked,
    BackingOff,
    Confirming,
    Delivered,
    Sent,
    Unconfirmed,
    Failed,
    Rejected,
}

/// <summary>
/// A snapshot of one target. <c>Since</c> is the time in its phase; while it backs off, the time left; after its outcome, the
/// time the delivery took. <c>Rate</c> is bytes a second.
/// </summary>
internal sealed record TargetRow(string Name, Phase Phase, TimeSpan Since, string Reason, long Taken, long Length, double Rate);

/// <summary>A snapshot of one server: open and accepted connections, received bytes, and bytes a second.</summary>
internal sealed record ServerRow(string Name, string Endpoint, int Open, long Connections, long Bytes, double Rate);

/// <summary>The state that events add up to: every target, every server, the last tick.</summary>
internal sealed class RunState(ProgramSettings settings)
{
    private readonly List<Target> _targets = [.. settings.Library.Targets.Where(t => t.Payload is not null).Select(t => new Target(t.Name))];
    private readonly List<Server> _servers = [.. settings.Library.Servers.Select(s => new Server(s.Name, s.Endpoint))];
    private Dictionary<string, Target>? _targetsByName;
    private Ticked? _lastTick;
    private TimeSpan _latest;

    public void Add(object happened, TimeSpan now)
    {
        switch (happened)
        {
            case Deliveries.IDeliveryEvent e when TargetsByName.TryGetValue(e.Target, out var target):
                target.Add(e, now);
                break;
            case ServerEvents.IServerEvent e when _servers.Find(s => s.Name == e.Server) is { } server:
                server.Add(e);
                break;
            case Ticked tick:
                _lastTick = tick;
                _latest = tick.Lateness > _latest ? tick.Lateness : _latest;
                break;
        }
    }

    /// <summary>A snapshot. Rates cover about the last two seconds.</summary>
    public LiveTable At(TimeSpan now) => new(
        [.. _targets.Select(t => t.At(now))], [.. _servers.Select(s => s.At(now))], _lastTick, _latest, settings.Report.MaxRows);

    private Dictionary<string, Target> TargetsByName => _targetsByName ??= _targets.ToDictionary(t => t.Name, StringComparer.Ordinal);

    private sealed class Target(string name)
    {
        private readonly Rate _rate = new();
        private Phase _phase;
        private TimeSpan _phaseAt;
        private TimeSpan _delay;
        private string _reason = "";
        private long _taken;
        private long _length;

        public string Name => name;

        public void Add(Deliveries.IDeliveryEvent happened, TimeSpan now)
        {
            switch (happened)
            {
                case Deliveries.Connecting:
                    Enter(Phase.Connecting, now);
                    _taken = 0;
                    break;
                case Deliveries.Connected e:
                    Enter(Phase.Sending, now);
                    _length = e.Length;
                    break;
                case Deliveries.Progressed e:
                    _taken = e.Taken;
                    break;
                case Deliveries.Blocked e:
                    Enter(Phase.Blocked, now - e.Since);
                    _taken = e.Taken;
                    break;
                case Deliveries.Unblocked:
                    Enter(Phase.Sending, now);
                    break;
                case Deliveries.Confirming:
                    Enter(Phase.Confirming, now);
                    _taken = _length;
                    break;
                case Deliveries.BackingOff e:
                    Enter(Phase.BackingOff, now, e.Reason);
                    _delay = e.Delay;
                    break;
                case Deliveries.Delivered e:
                    End(Phase.Delivered, e.Report, "");
                    break;
                case Deliveries.Sent e:
                    End(Phase.Sent, e.Report, "");
                    break;
                case Deliveries.Unconfirmed e:
                    End(Phase.Unconfirmed, e.Report, e.Reason);
                    break;
                case Deliveries.Failed e:
                    End(Phase.Failed, e.Report, e.Reason);
                    break;
                case Deliveries.Rejected e:
                    Enter(Phase.Rejected, now, e.Reason);
                    break;
            }
        }

        public TargetRow At(TimeSpan now)
        {
            var since = _phase switch
            {
                Phase.BackingOff => _phaseAt + _delay - now,
                > Phase.Confirming => _phaseAt,
                _ => now - _phaseAt,
            };
            var rate = _rate.At(_taken, now);
            return new TargetRow(name, _phase, since > TimeSpan.Zero ? since : TimeSpan.Zero, _reason, _taken, _length, _phase < Phase.Delivered ? rate : 0);
        }

        private void Enter(Phase phase, TimeSpan at, string reason = "") => (_phase, _phaseAt, _reason) = (phase, at, reason);

        private void End(Phase phase, Deliveries.Report report, string reason)
        {
            Enter(phase, report.Elapsed, reason);
            (_taken, _length) = (report.Taken, report.Length);
        }
    }

    private sealed class Server(string name, string endpoint)
    {
        private readonly Rate _rate = new();
        private readonly Dictionary<string, long> _open = new(StringComparer.Ordinal);
        private string _endpoint = endpoint;
        private long _connections;
        private long _bytes;

        public string Name => name;

        public void Add(ServerEvents.IServerEvent happened)
        {
            switch (happened)
            {
                case ServerEvents.Bound e:
                    _endpoint = e.Endpoint.ToString();
                    break;
                case ServerEvents.Accepted e:
                    _open[e.Peer] = 0;
                    _connections++;
                    break;
                case ServerEvents.Received e:
                    Took(e.Peer, e.Bytes);
                    break;
                case ServerEvents.Completed e:
                    Took(e.Peer, e.Bytes);
                    _open.Remove(e.Peer);
                    break;
                case ServerEvents.ReceiptLost e:
                    Took(e.Peer, e.Bytes);
                    _open.Remove(e.Peer);
                    break;
                case ServerEvents.BrokenOff e:
                    Took(e.Peer, e.Bytes);
                    _open.Remove(e.Peer);
                    break;
            }
        }

        public ServerRow At(TimeSpan now) => new(name, _endpoint, _open.Count, _connections, _bytes, _rate.At(_bytes, now));

        private void Took(string peer, long bytes)
        {
            _bytes += bytes - _open.GetValueOrDefault(peer);
            _open[peer] = bytes;
        }
    }

    /// <summary>Bytes a second, over about the last two seconds.</summary>
    private sealed class Rate
    {
        private const double Window = 2;

        private TimeSpan? _at;
        private long _bytes;
        private double _rate;

        public double At(long bytes, TimeSpan now)
        {
            var seconds = (now - (_at ?? now)).TotalSeconds;
            if (_at is not null && seconds <= 0)
                return _rate;
            if (bytes < _bytes)
                _rate = 0;
            else if (seconds > 0)
                _rate += ((bytes - _bytes) / seconds - _rate) * Math.Min(1, seconds / Window);
            (_at, _bytes) = (now, bytes);
            return _rate;
        }
    }
}
