using ActorSockets.Web.Http;

namespace ActorSockets.Web;

/// <summary>The files of the page, which are embedded here.</summary>
internal static class PageFiles
{
    /// <summary>The file of a path, or null.</summary>
    public static HttpResponse? Find(string path) => path switch
    {
        "/" => Read("index.html", "text/html; charset=utf-8"),
        "/page.css" => Read("page.css", "text/css; charset=utf-8"),
        "/page.js" => Read("page.js", "text/javascript; charset=utf-8"),
        "/icon.svg" => Read("icon.svg", "image/svg+xml"),
        _ => null,
    };

    private static HttpResponse Read(string name, string contentType)
    {
        using var file = typeof(PageFiles).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return new HttpResponse(200, contentType, bytes);
    }
}
