package rig.webapp;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** Answers as Domibus does: the root redirects to the console, and the console names the version. */
public final class HomeServlet extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String version = String.valueOf(getServletContext().getAttribute("version"));
        response.setHeader("X-Domibus-Version", version);
        response.setContentType("text/html;charset=UTF-8");
        if (request.getRequestURI().equals(request.getContextPath() + "/")) {
            response.setStatus(HttpServletResponse.SC_FOUND);
            response.setHeader("Location", request.getContextPath() + "/home");
        }
        response.getWriter().printf("<html><body>domibus-MSH Version [%s]</body></html>%n", version);
    }
}
