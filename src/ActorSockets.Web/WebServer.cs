using System.Net;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets.Web;

/// <summary>The web server of an actor system: <c>reference.conf</c>, web.</summary>
public static class WebServer
{
    /// <summary>Starts it, once for a system; later calls return the same. It ends with the actor system.</summary>
    /// <param name="system">The system, whose configuration has <c>actor-sockets.web.enabled = on</c>.</param>
    /// <returns>Where it listens.</returns>
    /// <exception cref="IOException">It cannot listen; the message says where and why.</exception>
    /// <exception cref="InvalidOperationException">It is off.</exception>
    public static async Task<IPEndPoint> StartAsync(ActorSystem system)
    {
        var sockets = ActorSocketsExtension.For(system);
        var settings = sockets.Settings.Web;
        if (!settings.Enabled)
            throw new InvalidOperationException($"{ActorSocketsSettings.Root}.web.enabled is off");

        var names = new NameResolver();
        var props = WebServerActor.Props(settings, listener => ListenerActor.Props(listener, names.ResolveAsync), () => new WebApi(system, sockets));
        var server = await sockets.Ref.Ask<IActorRef>(new RootActor.Add(props, WebServerActor.Name), Timeout.InfiniteTimeSpan);
        return await server.Ask<object>(new WebServerActor.WhenListening(), Timeout.InfiniteTimeSpan) switch
        {
            ListenerActor.Listening listening => listening.Endpoint,
            ListenerActor.Failed failed => throw new IOException($"cannot listen on {settings.Endpoint}: {failed.Reason}"),
            var other => throw new InvalidOperationException($"{other}"),
        };
    }
}
